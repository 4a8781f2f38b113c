import Foundation
import Logging
import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

@Suite struct CurveChoiceTests {
  private let folder = NSTemporaryDirectory() + "martlet-curve-" + UUID().uuidString

  private func chosen(
    _ usesCurve: Bool? = nil, curve: CurveKeyPair? = nil, key: String? = nil, isExposed: Bool, authorizes: Bool = false,
    continues: Bool = false
  ) throws -> ControllerConfiguration {
    var configuration = ControllerConfiguration()
    (configuration.usesCurve, configuration.curve, configuration.key) = (usesCurve, curve, key)
    configuration.curveFile = "\(folder)/curve.json"
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    _ = try configuration.chooseCurve(
      isExposed: isExposed, authorizes: authorizes, continues: continues, logger: logger)
    return configuration
  }

  @Test(arguments: [
    (Bool?.none, false, false), (nil, true, true), (false, true, false), (true, false, true),
  ])
  func isOnWhereOtherMachinesConnect(choice: Bool?, isExposed: Bool, isOn: Bool) throws {
    let configuration = try chosen(choice, isExposed: isExposed)
    #expect((configuration.curve != nil) == isOn)
    #expect(FileManager.default.fileExists(atPath: "\(folder)/curve.json") == isOn)
  }

  @Test func signsOnlyWithAGivenKey() throws {
    #expect(try chosen(isExposed: true).key == "")
    #expect(try chosen(key: "k", isExposed: true).key == "k")
    #expect(try chosen(isExposed: false).key == nil)
  }

  @Test func givenKeysAreUsedAndNotKept() throws {
    let keys = try CurveKeyPair.generate()
    #expect(try chosen(curve: keys, isExposed: true).curve == keys)
    #expect(try chosen(curve: keys, isExposed: false).curve == nil)
    #expect(!FileManager.default.fileExists(atPath: folder))
  }

  @Test func keysThatAreAdmittedByNameNeedIt() throws {
    let first = try #require(try chosen(isExposed: false, authorizes: true).curve)
    // Their owners know the controller's.
    #expect(try chosen(isExposed: false, authorizes: true).curve == first)
    #expect(throws: ConnectionError.self) { try chosen(false, isExposed: true, authorizes: true) }
  }

  /// Peers of a controller with CURVE know its key, so its successor has to have the same.
  @Test func aSuccessorHasTheKeysOfItsPredecessor() throws {
    let first = try #require(try chosen(isExposed: true).curve)
    #expect(try chosen(isExposed: true, continues: true).curve == first)
    #expect(try chosen(isExposed: true).curve != first)
  }

  @Test(arguments: ["", "{}", "[1]", #"{"server":"short"}"#, #"{"server":4}"#])
  func aDamagedFileIsReplaced(content: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data(content.utf8).write(to: URL(fileURLWithPath: "\(folder)/curve.json"))
    let keys = try chosen(isExposed: true, continues: true).curve
    #expect(keys != nil)
    #expect(try ControllerKeys.read("\(folder)/curve.json")?.server == keys)
  }
}
