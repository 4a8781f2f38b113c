import MartletWire
import Testing

@testable import MartletController

@Suite struct NoTaskStoreTests {
  @Test func writingIsIgnoredAndReadingRefused() throws {
    let store = try TaskStoreFixture().configuration(.none).makeStore(session: "")
    try store.add(.sample(0))
    try store.add(.sample(0))
    try store.update("task-0", .completed(at: 0))
    #expect(try store.drop(["task-0"]) == 0)
    #expect(try store.count == 0)
    let reads: [() throws -> Void] = [
      { _ = try store.record("task-0") }, { _ = try store.find([:]) }, { _ = try store.history() },
    ]
    for read in reads {
      let error = #expect(throws: TaskStoreError.self) { try read() }
      #expect(error?.code == .noData)
      #expect(error?.exceptionName == "NoData")
    }
    try store.flush()
    try store.close()
  }
}
