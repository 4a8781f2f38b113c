import Testing

@testable import MartletClient

@Suite struct EngineDirectoryTests {
  private func directory(_ ids: [Int]) -> EngineDirectory {
    var directory = EngineDirectory()
    for id in ids { directory.register(id: id, uuid: "u\(id)") }
    return directory
  }

  @Test func resolvesIdsPositionsAndAll() throws {
    let directory = directory([5, 0, 2])
    #expect(try directory.resolve(.all).map(\.id) == [0, 2, 5])
    #expect(try directory.resolve(.ids([5, -1, -3])).map(\.id) == [5, 5, 0])
    #expect(try directory.resolve(.positions(1..<9)).map(\.id) == [2, 5])
  }

  @Test(arguments: [EngineTargets.ids([]), .positions(7..<9), .positions(1..<1), .positions(.min ..< -1)])
  func refusesEmptySelections(_ targets: EngineTargets) {
    let error = #expect(throws: ClientError.self) { try directory([0, 2]).resolve(targets) }
    #expect(error?.code == .noSuchEngine)
    #expect(error?.message.hasSuffix("the engines are 0, 2") == true)
  }

  @Test func saysWhichEnginesExist() {
    let error = #expect(throws: ClientError.self) { try directory([0, 2]).resolve(.ids([1])) }
    #expect(error?.message == "there is no engine 1; the engines are 0, 2")
    #expect(throws: ClientError.self) { try directory([0, 2]).resolve(.ids([-3])) }
    let none = #expect(throws: ClientError.self) { try directory([]).resolve(.all) }
    #expect(none?.code == .noEngines)
  }

  @Test func keepsTheEnginesInOrder() {
    let order = (0..<200).map { ($0 * 71) % 200 }
    var directory = directory(order)
    #expect(directory.ids == Array(0..<200))
    for id in order.prefix(100) { directory.unregister(id: id) }
    #expect(directory.ids == order.suffix(100).sorted())
  }

  @Test func replacesAnEngineWhoseIdIsUsedAgain() {
    var directory = directory([0, 1])
    _ = directory.takeChanges()
    directory.register(id: 0, uuid: "new")
    #expect(directory.engines.map(\.uuid) == ["new", "u1"])
    let (old, new) = (RegisteredEngine(id: 0, uuid: "u0"), RegisteredEngine(id: 0, uuid: "new"))
    #expect(directory.takeChanges() == [.engineLeft(old, reason: nil), .engineJoined(new)])
    directory.register(id: 0, uuid: "u0")
    #expect(directory.takeChanges().isEmpty)
  }

  @Test func forgetsEnginesThatLeftLongAgo() {
    var directory = EngineDirectory()
    let count = 3 * EngineDirectory.departedLimit
    for id in 0..<count {
      directory.register(id: id, uuid: "u\(id)")
      directory.unregister(id: id)
    }
    #expect(directory.rememberedCount <= EngineDirectory.departedLimit)
    #expect(directory.id(of: "u\(count - 1)") == count - 1)
    #expect(directory.id(of: "u0") == nil)
  }

  @Test func anEngineMayReturnWithTheSameIdOrAnother() {
    var directory = directory([0, 1])
    directory.unregister(id: 0)
    directory.register(id: 0, uuid: "u0")
    #expect(directory.ids == [1])
    directory.register(id: 0, uuid: "u0", isNews: true)
    directory.register(id: 7, uuid: "u1", isNews: true)
    #expect(directory.engines.map(\.uuid) == ["u0", "u1"])
    #expect(directory.ids == [0, 7])
  }

  @Test func theWholeListReplacesWhatWasKnown() {
    var directory = directory([0, 1, 2])
    directory.unregister(id: 2)
    directory.replace(with: [1: "u1", 0: "new", 2: "u2"])
    #expect(directory.engines.map(\.uuid) == ["new", "u1", "u2"])
    _ = directory.takeChanges()
    directory.replace(with: [1: "u1", 0: "new", 2: "u2"])
    #expect(directory.takeChanges().isEmpty)
    directory.replace(with: [:])
    #expect(directory.takeChanges().count == 3)
    #expect(directory.ids.isEmpty)
    #expect(directory.id(of: "u1") == 1)
  }

  @Test func remembersTheIdsOfEnginesThatHaveLeft() {
    var directory = directory([0])
    #expect(directory.unregister(id: 0, reason: "killed")?.uuid == "u0")
    #expect(directory.takeChanges().last == .engineLeft(RegisteredEngine(id: 0, uuid: "u0"), reason: "killed"))
    #expect(directory.departureReason(of: "u0") == "killed")
    #expect(directory.unregister(id: 0) == nil)
    #expect(directory.id(of: "u0") == 0)
    directory.register(id: 0, uuid: "u0")
    #expect(directory.ids.isEmpty)
    #expect(directory.takeChanges().isEmpty)
  }

  @Test func anEngineIsThereUnderAnotherID() {
    var directory = EngineDirectory()
    directory.register(id: 1, uuid: "a")
    let former = RegisteredEngine(id: 1, uuid: "a")
    directory.register(id: 2, uuid: "a", isNews: true)
    directory.register(id: 1, uuid: "b")
    #expect(directory.isRegistered(former))
    #expect(directory.isRegistered(RegisteredEngine(id: 2, uuid: "a")))
    directory.unregister(id: 2)
    #expect(!directory.isRegistered(former))
  }

  @Test func theMetadataForOneEngineIsItsOwn() {
    var directory = EngineDirectory()
    let plain = Array(#"{"no_status":true}"#.utf8)
    let labelled = Array(#"{"label":"x"}"#.utf8)
    func text(_ metadata: [UInt8], _ engine: RegisteredEngine) -> String {
      String(decoding: directory.metadata(metadata, on: engine), as: UTF8.self)
    }
    let (first, second) = (RegisteredEngine(id: 1, uuid: "a"), RegisteredEngine(id: 1, uuid: "b\"c"))
    directory.register(id: 1, uuid: "a")
    for _ in 0..<2 {
      #expect(text(plain, first) == #"{"targets":["a"],"no_status":true}"#)
      #expect(text(labelled, first) == #"{"targets":["a"],"label":"x"}"#)
      // It is not there, or not yet.
      #expect(text(plain, second) == #"{"targets":["b\"c"],"no_status":true}"#)
    }
    directory.register(id: 1, uuid: "b\"c")
    #expect(text(plain, second) == #"{"targets":["b\"c"],"no_status":true}"#)
    #expect(text(plain, first) == #"{"targets":["a"],"no_status":true}"#)
  }
}
