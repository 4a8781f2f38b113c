import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

@Suite struct TaskStoreConformanceTests {
  let fixture: TaskStoreFixture

  init() throws { fixture = try TaskStoreFixture() }

  @Test(arguments: RecordingStore.allCases)
  func wholeRecordsComeBack(kind: RecordingStore) throws {
    let store = try fixture.store(kind)
    var record = TaskRecord(messageID: "id")
    for key in TaskRecordKey.allCases where key != .messageID {
      record[key] =
        switch key.kind {
        case .text: .text("text \(key) é \u{0}\u{1}\u{2} end")
        case .date: .date(Timestamp(microseconds: -1))
        case .json: .json(Bytes("{\"\(key)\":\"\u{0}\"}"))
        case .buffers: .buffers([Bytes([0, 1, 0xFF]), Bytes(), Bytes("\(key)")])
        }
    }
    try store.add(record)
    #expect(try store.record("id") == record)
    #expect(try store.find([:]) == [record])
  }

  @Test(arguments: RecordingStore.allCases)
  func emptyAndUnsetStayApart(kind: RecordingStore) throws {
    let store = try fixture.store(kind)
    let bare = TaskRecord(messageID: "bare")
    try store.add(bare)
    var empty = TaskRecord(messageID: "empty")
    empty.header = Bytes()
    empty.buffers = []
    empty.resultBuffers = [Bytes()]
    empty.label = ""
    try store.add(empty)
    #expect(try store.record("bare") == bare)
    #expect(try store.record("empty") == empty)
  }

  @Test(arguments: RecordingStore.allCases)
  func duplicatesAreRefused(kind: RecordingStore) throws {
    let store = try fixture.store(kind, count: 1)
    let error = #expect(throws: TaskStoreError.self) { try store.add(.sample(0, bufferSize: 9)) }
    #expect(error?.code == .duplicate)
    #expect(try store.record("task-0") == .sample(0))
    #expect(try store.count == 1)
  }

  @Test(arguments: RecordingStore.allCases)
  func updatesChangeOnlyWhatTheyName(kind: RecordingStore) throws {
    let store = try fixture.store(kind, count: 3)
    var update = TaskRecordUpdate()
    update.engineUUID = "engine"
    update.completed = Timestamp(microseconds: 5)
    update.resultBuffers = [Bytes("result")]
    update.appendStdout("hello\u{0}")
    try store.update("task-1", update)
    update = TaskRecordUpdate()
    update.appendStdout("\u{1}there")
    update.appendStderr("oops")
    try store.update("task-1", update)
    try store.update("task-1", TaskRecordUpdate())

    var expected = TaskRecord.sample(1)
    expected.engineUUID = "engine"
    expected.completed = Timestamp(microseconds: 5)
    expected.resultBuffers = [Bytes("result")]
    expected.stdout = "hello\u{0}\u{1}there"
    expected.stderr = "oops"
    #expect(try store.record("task-1") == expected)
    #expect(try store.record("task-2") == .sample(2))
  }

  @Test(arguments: RecordingStore.allCases)
  func updatesNeedARecord(kind: RecordingStore) throws {
    let store = try fixture.store(kind, count: 1)
    for update in [TaskRecordUpdate(), .completed(at: 0)] {
      let error = #expect(throws: TaskStoreError.self) { try store.update("nobody", update) }
      #expect(error?.code == .notFound)
    }
    #expect(try store.record("nobody") == nil)
  }

  @Test(arguments: RecordingStore.allCases)
  func drops(kind: RecordingStore) throws {
    let store = try fixture.store(kind, count: 6)
    #expect(try store.drop(["task-0", "task-3", "nobody"]) == 2)
    #expect(try store.drop([]) == 0)
    try store.update("task-4", .completed(at: 4))
    #expect(try store.drop(matching: ["completed": ["$ne": nil]]) == 1)
    #expect(try store.history() == ["task-1", "task-2", "task-5"])
    #expect(try store.count == 3)
    try store.add(.sample(3))
    #expect(try store.ids([:]) == ["task-1", "task-2", "task-5", "task-3"])
    #expect(try store.drop(matching: [:]) == 4)
    #expect(try store.count == 0)
  }

  @Test(arguments: RecordingStore.allCases)
  func historyIsOrderedBySubmission(kind: RecordingStore) throws {
    let store = try fixture.store(kind)
    for index in [3, 1, 4, 2] { try store.add(.sample(index)) }
    var twin = TaskRecord.sample(2)
    twin.messageID = "a-twin"
    try store.add(twin)
    try store.add(TaskRecord(messageID: "never submitted"))
    #expect(try store.history() == ["task-1", "task-2", "a-twin", "task-3", "task-4"])
    #expect(try store.count == 6)
  }

  @Test(arguments: RecordingStore.allCases)
  func selectedKeysComeWithTheId(kind: RecordingStore) throws {
    let store = try fixture.store(kind, count: 2)
    var expected = TaskRecord(messageID: "task-1")
    expected.submitted = TaskRecord.sample(1).submitted
    expected.buffers = TaskRecord.sample(1).buffers
    #expect(try store.find(["msg_id": "task-1"], keys: ["submitted", "buffers", "submitted"]) == [expected])
    #expect(try store.find(["msg_id": "task-1"]) == [.sample(1)])
    let error = #expect(throws: TaskStoreError.self) { try store.find([:], keys: ["garbage"]) }
    #expect(error?.code == .unknownKey)
  }
}
