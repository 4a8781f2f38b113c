import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

@Suite struct MemoryTaskStoreTests {
  @Test func countIsBounded() throws {
    let store = MemoryTaskStore(recordLimit: 20, cullFraction: 0.2)
    var counts: [Int] = []
    for index in 0..<30 {
      try store.add(.sample(index))
      counts.append(store.count)
    }
    #expect(counts.prefix(20).elementsEqual(1...20))
    #expect(counts[20...] == [17, 18, 19, 20, 17, 18, 19, 20, 17, 18])
    #expect(store.history() == (12..<30).map { "task-\($0)" })
  }

  @Test func completedRecordsGoFirst() throws {
    let store = MemoryTaskStore(recordLimit: 5, cullFraction: 0.4)
    for index in 0..<5 { try store.add(.sample(index)) }
    for index in [3, 1, 4] { try store.update("task-\(index)", .completed(at: index)) }
    try store.add(.sample(5))
    #expect(store.history() == ["task-0", "task-2", "task-4", "task-5"])
    try store.add(.sample(6))
    try store.add(.sample(7))
    // Only one completed record is left, so a pending one is dropped as well.
    #expect(store.history() == ["task-2", "task-5", "task-6", "task-7"])
  }

  @Test func sizeIsBounded() throws {
    let store = MemoryTaskStore(sizeLimit: 1000, cullFraction: 0.2)
    for index in 0..<100 { try store.add(.sample(index, bufferSize: 10)) }
    try store.add(.sample(100, bufferSize: 0))
    #expect(store.count == 101)
    #expect(store.bufferBytes == 1000)
    try store.add(.sample(101, bufferSize: 1))
    #expect(store.history().first == "task-21")
    #expect(store.bufferBytes == 791)
  }

  @Test func droppingFreesBytes() throws {
    let store = MemoryTaskStore(sizeLimit: 100)
    for index in 0..<10 { try store.add(.sample(index, bufferSize: 10)) }
    try store.drop(["task-9"])
    #expect(store.bufferBytes == 90)
    try store.add(.sample(10, bufferSize: 10))
    #expect(store.count == 10)
    try store.drop(matching: [:])
    #expect(store.bufferBytes == 0)
  }

  @Test func updatesCountBytes() throws {
    let store = MemoryTaskStore(sizeLimit: 100)
    for index in 0..<10 { try store.add(.sample(index, bufferSize: 10)) }
    var update = TaskRecordUpdate()
    update.buffers = []
    update.resultBuffers = [Bytes([UInt8](repeating: 0, count: 10))]
    try store.update("task-9", update)
    #expect(store.count == 10)
    update.resultBuffers = [Bytes([UInt8](repeating: 0, count: 11))]
    try store.update("task-9", update)
    #expect(store.bufferBytes == 81)
    #expect(store.history().first == "task-2")
  }

  @Test func aRecordLargerThanTheLimitDoesNotStay() throws {
    let store = MemoryTaskStore(sizeLimit: 100)
    try store.add(.sample(0, bufferSize: 10))
    try store.add(.sample(1, bufferSize: 101))
    #expect(store.count == 0)
    #expect(store.bufferBytes == 0)
  }

  @Test func extremeLimitsHold() throws {
    let empty = MemoryTaskStore(recordLimit: 0)
    try empty.add(.sample(0))
    #expect(empty.count == 0)
    let unlimited = MemoryTaskStore(recordLimit: .max, sizeLimit: .max, cullFraction: .nan)
    try unlimited.add(.sample(0))
    #expect(unlimited.count == 1)
  }

  @Test func anIdThatReturnsCountsAsNew() throws {
    let store = MemoryTaskStore(recordLimit: 2, cullFraction: 0)
    for index in 0..<2 { try store.add(.sample(index)) }
    try store.update("task-0", .completed(at: 0))
    try store.drop(["task-0"])
    try store.add(.sample(0))
    try store.add(.sample(2))
    #expect(store.history() == ["task-0", "task-2"])
  }

  @Test func buffersAreLeftOutUnlessAskedFor() throws {
    let request = TaskRequest(
      messageID: "m", queue: .task, engineUUID: nil,
      message: try HubFixture().recorded("apply_request", id: "m", buffers: [Bytes("in")]))
    var task = StoredTask()
    task.begin(with: request)
    #expect(task.record(id: "m", includesBuffers: false).buffers == nil)
    #expect(task.record(id: "m").buffers == [Bytes("in")])
    #expect(task.record(id: "m", includesBuffers: false).header == task.record(id: "m").header)
  }
}
