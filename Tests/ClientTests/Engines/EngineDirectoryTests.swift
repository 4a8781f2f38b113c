import Testing

@testable import MartletClient

@Suite struct EngineDirectoryTests {
  private func directory(_ ids: [Int]) -> EngineDirectory {
    var directory = EngineDirectory()
    for id in ids { _ = directory.register(id: id, uuid: "u\(id)") }
    return directory
  }

  @Test func resolvesIdsPositionsAndAll() throws {
    let directory = directory([5, 0, 2])
    #expect(try directory.resolve(.all).map(\.id) == [0, 2, 5])
    #expect(try directory.resolve(.ids([5, -1, -3])).map(\.id) == [5, 5, 0])
    #expect(try directory.resolve(.positions(1..<9)).map(\.id) == [2, 5])
    #expect(try directory.resolve(.positions(7..<9)).isEmpty)
  }

  @Test func saysWhichEnginesExist() {
    let error = #expect(throws: ClientError.self) { try directory([0, 2]).resolve(.ids([1])) }
    #expect(error?.message == "there is no engine 1; the engines are 0, 2")
    #expect(throws: ClientError.self) { try directory([0, 2]).resolve(.ids([-3])) }
    let none = #expect(throws: ClientError.self) { try directory([]).resolve(.all) }
    #expect(none?.code == .noEngines)
  }

  @Test func remembersTheIdsOfTheDead() {
    var directory = directory([0])
    #expect(directory.register(id: 0, uuid: "u0") == false)
    #expect(directory.unregister(id: 0)?.uuid == "u0")
    #expect(directory.unregister(id: 0) == nil)
    #expect(directory.id(of: "u0") == 0)
    #expect(directory.register(id: 0, uuid: "u0") == false)
    #expect(directory.ids.isEmpty)
  }
}
