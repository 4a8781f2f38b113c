import Foundation
import Testing

@testable import MartletWire

@Suite final class ConnectionFileTests {
  private let folder = NSTemporaryDirectory() + "martlet-\(UUID().uuidString)"

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private var info: ConnectionInfo {
    var info = ConnectionInfo(kind: .client, interface: "tcp://127.0.0.1")
    info.key = "secret"
    info.ports = [.mux: [1234]]
    return info
  }

  private func permissions(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  @Test func namesOfProfiles() {
    #expect(
      ConnectionFile(.client, profileDirectory: "/p").path == "/p/security/ipcontroller-client.json")
    #expect(
      ConnectionFile(.engine, profileDirectory: "/p", clusterID: "c").path == "/p/security/ipcontroller-c-engine.json")
  }

  @Test func writingAndReading() throws {
    let file = ConnectionFile(.client, profileDirectory: folder)
    #expect(!file.exists)
    try file.write(info)
    #expect(file.exists)
    #expect(try file.read() == info)
    #expect(try permissions(file.path) == 0o600)
    #expect(try permissions(folder + "/security") == 0o700)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/security").count == 1)
    file.remove(ifStill: info)
    file.remove(ifStill: info)
    #expect(!file.exists)
  }

  @Test func anotherControllersFileStays() throws {
    let file = ConnectionFile(.client, profileDirectory: folder)
    var other = info
    other.key += "'"
    try file.write(other)
    file.remove(ifStill: info)
    #expect(try file.read() == other)
  }

  /// A reader sees either the old text or the new text while the file is being replaced.
  @Test func replacingIsAtomic() async throws {
    let file = ConnectionFile(path: folder + "/file.json")
    try file.write(info)
    let infos = (0..<50).map { number in
      var info = info
      info.key = String(repeating: "\(number) ", count: 2000)
      return info
    }
    let known = Set(infos.map(\.key) + ["secret"])
    try await withThrowingTaskGroup(of: Void.self) { group in
      for half in [infos.prefix(25), infos.suffix(25)] {
        group.addTask { for info in half { try file.write(info) } }
      }
      group.addTask {
        for _ in 0..<100 {
          let key = try file.read().key
          #expect(known.contains(key))
        }
      }
      try await group.waitForAll()
    }
    #expect(try permissions(file.path) == 0o600)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file.json"])
  }

  @Test func aFileOpenToOthersIsClosed() throws {
    let file = ConnectionFile(path: folder + "/file.json")
    try file.write(info)
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.path)
    try file.write(info)
    #expect(try permissions(file.path) == 0o600)
  }

  @Test func aMissingFileSaysWhatToDo() {
    let error = #expect(throws: ConnectionError.self) { try ConnectionFile(path: folder + "/none.json").read() }
    #expect(error?.description.contains("no connection file at \(folder)/none.json") == true)
    #expect(error?.description.contains("martlet start") == true)
  }

  @Test(arguments: ["", "{", "[]", "{}", #"{"interface":"tcp://*","task":"x"}"#])
  func unusableFilesAreNamed(text: String) throws {
    let path = folder + "/bad.json"
    try PrivateFile.write(Data(text.utf8), to: path)
    let error = #expect(throws: ConnectionError.self) { try ConnectionFile(path: path).read() }
    #expect(error?.description.contains("\(path) is unusable: ") == true)
  }

  @Test func aFolderThatIsAFile() throws {
    let file = ConnectionFile(path: folder + "/file.json")
    try file.write(info)
    let error = #expect(throws: ConnectionError.self) {
      try ConnectionFile(path: file.path + "/below.json").write(info)
    }
    #expect(error?.description.contains("can't be written") == true)
    // If a folder has the file's name, the failed write leaves no temporary file next to it.
    let taken = folder + "/taken"
    try FileManager.default.createDirectory(atPath: taken, withIntermediateDirectories: false)
    #expect(throws: ConnectionError.self) { try ConnectionFile(path: taken).write(info) }
    #expect(try Set(FileManager.default.contentsOfDirectory(atPath: folder)) == ["file.json", "taken"])
  }
}
