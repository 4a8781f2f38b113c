import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

/// Records built from relayed messages. All stores must build the same ones.
@Suite struct PassingTaskTests {
  let fixture: TaskStoreFixture
  let hub: HubFixtureBox

  /// Holds a non-copyable fixture.
  final class HubFixtureBox {
    let hub: HubFixture

    init() throws { hub = try HubFixture() }
  }

  init() throws {
    fixture = try TaskStoreFixture()
    hub = try HubFixtureBox()
  }

  private func request(_ id: String, engine: String? = nil, buffer: String = "in") throws -> TaskRequest {
    let message = try hub.hub.recorded(
      "apply_request", id: id, metadata: ["label": "l"], content: ["a": 1], buffers: [Bytes(buffer), Bytes()])
    return TaskRequest(messageID: id, queue: engine == nil ? .task : .mux, engineUUID: engine, message: message)
  }

  private func result(_ id: String, engine: String?, started: Bool = true) throws -> TaskResult {
    let message = try hub.hub.recorded(
      "apply_reply", id: "r", metadata: started ? ["started": "2026-01-02T03:04:05Z"] : [:], content: ["b": 1],
      buffers: [Bytes("out")])
    return TaskResult(messageID: id, engineUUID: engine, message: message)
  }

  @Test(arguments: RecordingStore.allCases)
  func aTaskPasses(kind: RecordingStore) throws {
    let store = try fixture.store(kind)
    let request = try request("m")
    try store.addRequest(request)
    #expect(try store.record("m") == request.record)
    #expect(try store.history() == ["m"])
    try store.setEngine("e0", of: "m")
    let result = try result("m", engine: nil)
    try store.setResult(result)

    var expected = request.record
    expected.engineUUID = "e0"
    expected.apply(result.update)
    #expect(try store.record("m") == expected)
    #expect(try store.find(["completed": ["$ne": nil]]) == [expected])
    #expect(expected.label == "l" && expected.queue == "task" && expected.clientUUID == "client")
    #expect(expected.started == Timestamp(microseconds: TaskRecord.epoch) && expected.completed != nil)
    #expect(expected.buffers == [Bytes("in"), Bytes()] && expected.resultBuffers == [Bytes("out")])
  }

  @Test(arguments: RecordingStore.allCases)
  func aSecondResultReplacesWhatItHas(kind: RecordingStore) throws {
    let store = try fixture.store(kind)
    let request = try request("m", engine: "e0")
    try store.addRequest(request)
    var expected = request.record
    for result in [try result("m", engine: "e1"), try result("m", engine: nil, started: false)] {
      try store.setResult(result)
      expected.apply(result.update)
    }
    #expect(try store.record("m") == expected)
    #expect(expected.engineUUID == "e1" && expected.started != nil)
  }

  @Test(arguments: RecordingStore.allCases)
  func outputAndRequestsComeInAnyOrder(kind: RecordingStore) throws {
    let store = try fixture.store(kind)
    var output = TaskRecordUpdate()
    output.appendStdout("text")
    try store.add(TaskRecord(messageID: "early"))
    try store.update("early", output)
    for id in ["early", "late"] {
      let (request, result) = (try request(id), try result(id, engine: "e0"))
      try store.addRequest(request)
      if id == "late" { try store.update("late", output) }
      try store.setEngine("e1", of: id)
      try store.setResult(result)
      var expected = request.record
      expected.stdout = "text"
      expected.apply(result.update)
      #expect(try store.record(id) == expected)
    }
  }

  @Test(arguments: RecordingStore.allCases)
  func aRequestThatPassesAgainKeepsItsBuffersAndItsClient(kind: RecordingStore) throws {
    let store = try fixture.store(kind)
    let first = try request("m")
    try store.addRequest(first)
    let second = try request("m", engine: "e0", buffer: "other")
    try store.addRequest(second)
    var expected = first.record
    expected.apply(second.update(of: first.record))
    #expect(try store.record("m") == expected)
    #expect(expected.buffers == first.record.buffers && expected.queue == "mux" && expected.engineUUID == "e0")
    #expect(try store.count == 1)
  }

  @Test(arguments: RecordingStore.allCases)
  func changesNeedARecord(kind: RecordingStore) throws {
    let store = try fixture.store(kind)
    let result = try result("nobody", engine: nil)
    for change in [{ try store.setEngine("e0", of: "nobody") }, { try store.setResult(result) }] {
      let error = #expect(throws: TaskStoreError.self) { try change() }
      #expect(error?.code == .notFound)
    }
    #expect(try store.count == 0)
  }

  @Test func theMemoryStoreCountsTheirBytes() throws {
    let store = MemoryTaskStore(recordLimit: 2, cullFraction: 0)
    for id in ["a", "b"] { store.addRequest(try request(id)) }
    try store.setResult(try result("b", engine: "e0"))
    #expect(store.bufferBytes == 7)
    store.addRequest(try request("c"))
    #expect(store.history() == ["a", "c"])
    #expect(store.bufferBytes == 4)
    try store.update("a", .completed(at: 0, resultSize: 10))
    #expect(store.bufferBytes == 14)
  }
}
