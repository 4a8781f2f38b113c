import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

@Suite struct TaskQueryTests {
  let fixture: TaskStoreFixture

  init() throws { fixture = try TaskStoreFixture() }

  /// Four records one second apart: 1 and 3 have an engine, 2 is completed, and 3 has a label and different content.
  private func store(_ kind: RecordingStore) throws -> any TaskStore {
    let store = try fixture.store(kind, count: 3)
    var last = TaskRecord.sample(3)
    last.engineUUID = "engine-b"
    last.label = "group/ü"
    last.content = Bytes(" { \"b\" : [1, 2] } ")
    try store.add(last)
    var update = TaskRecordUpdate()
    update.engineUUID = "engine-a"
    try store.update("task-1", update)
    try store.update("task-2", .completed(at: 2))
    return store
  }

  static let queries: [(query: JSONValue, ids: [Int])] = [
    ([:], [0, 1, 2, 3]),
    (["msg_id": "task-2"], [2]),
    (["msg_id": nil], []),
    (["msg_id": 7], []),
    (["msg_id": ["$eq": "task-0"]], [0]),
    (["msg_id": ["$ne": ""]], [0, 1, 2, 3]),
    (["msg_id": ["$ne": nil]], [0, 1, 2, 3]),
    (["msg_id": ["$in": ["task-3", "task-1", "nobody", "task-1"]]], [1, 3]),
    (["msg_id": ["$in": []]], []),
    (["msg_id": ["$in": [7, nil]]], []),
    (["msg_id": ["$in": ["task-1"]], "engine_uuid": nil], []),
    (["msg_id": ["$nin": ["task-3", "task-1"]]], [0, 2]),
    (["msg_id": ["$nin": []]], [0, 1, 2, 3]),
    (["msg_id": ["$gt": "task-1"]], [2, 3]),
    (["msg_id": ["$gte": "task-1", "$lt": "task-3"]], [1, 2]),
    (["msg_id": ["$lte": "task-0"]], [0]),
    (["msg_id": "task-1' OR '1'='1"], []),
    (["engine_uuid": nil], [0, 2]),
    (["engine_uuid": ["$eq": nil]], [0, 2]),
    (["engine_uuid": ["$ne": nil]], [1, 3]),
    (["engine_uuid": ["$ne": "engine-a"]], [0, 2, 3]),
    (["engine_uuid": ["$nin": ["engine-a"]]], [0, 2, 3]),
    (["engine_uuid": ["$nin": ["engine-a", nil]]], [3]),
    (["engine_uuid": ["$in": ["engine-a", nil]]], [0, 1, 2]),
    (["engine_uuid": ["$gt": ""]], [1, 3]),
    (["engine_uuid": ["$exists": true]], [1, 3]),
    (["engine_uuid": ["$exists": 0]], [0, 2]),
    (["engine_uuid": "engine-b", "completed": nil], [3]),
    (["engine_uuid": ["$all": [["engine-a", "engine-b"], ["engine-b", "c"]]]], [3]),
    (["engine_uuid": ["$all": []]], [0, 1, 2, 3]),
    (["engine_uuid": ["$mod": [2, 1]]], []),
    (["engine_uuid": [:]], [0, 1, 2, 3]),
    (["completed": ["$ne": nil]], [2]),
    (["completed": ["$lt": "2026-01-02T03:04:08Z"]], [2]),
    (["submitted": ["$lt": "2026-01-02T03:04:07.000000Z"]], [0, 1]),
    (["submitted": ["$lte": "2026-01-02T04:04:07+01:00"]], [0, 1, 2]),
    (["submitted": ["$gt": "2026-01-01T21:34:06-0530"]], [2, 3]),
    (["submitted": ["$gte": "2026-01-02T03:04:07.000001Z"]], [3]),
    (["submitted": "2026-01-02T05:04:05+02:00"], [0]),
    (["submitted": ["$ne": "2026-01-02T05:04:05+02:00"]], [1, 2, 3]),
    (["submitted": ["$in": ["2026-01-02T03:04:05Z", "2026-01-02T03:04:06Z", "never"]]], [0, 1]),
    (["submitted": "never"], []),
    (["label": ["$glob": "group/*"]], [3]),
    (["label": ["$glob": "group/?"]], [3]),
    (["label": "group/ü"], [3]),
    (["label": "group/u\u{308}"], []),
    (["stdout": ""], [0, 1, 2, 3]),
    (["content": ["$eq": ["a": 5]]], [0, 1, 2]),
    (["content": ["$ne": ["a": 5]]], [3]),
    (["content": ["$in": [["b": [1, 2]], 7]]], [3]),
    (["result_content": nil], [0, 1, 2, 3]),
    (["result_buffers": ["$ne": nil]], [2]),
    (["buffers": ["$exists": true]], [0, 1, 2, 3]),
    (["label": ["$in": "a group/ü"]], [3]),
    (["label": ["$in": ""]], []),
    (["label": ["$nin": ""]], [3]),
    (["label": ["$nin": "a group/ü"]], []),
    (["stdout": ["$in": ""]], [0, 1, 2, 3]),
    (["stdout": ["$nin": ""]], []),
    (["label": ["$in": ["group/ü": 1]]], [3]),
    (["label": ["$nin": ["group/ü": 1]]], [0, 1, 2]),
    (["label": ["$in": nil]], [0, 1, 2]),
    (["label": ["$nin": nil]], [3]),
    (["label": ["$in": 5]], []),
    (["label": ["$nin": 5]], [3]),
    (["submitted": ["$in": "2026-01-02T03:04:05Z"]], [0]),
    (["completed": ["$nin": "2026-01-02T03:04:05Z"]], [2]),
    (["content": ["$in": ["a": 5.0]]], [0, 1, 2]),
    (["content": ["$in": "a"]], []),
    (["buffers": ["$nin": "a"]], [0, 1, 2, 3]),
    (["buffers": 3], []),
    (["result_buffers": ["$ne": 3]], [0, 1, 2, 3]),
    (["msg_id": ["$lt": nil]], []),
    (["msg_id": ["$gt": 3]], [0, 1, 2, 3]),
    (["msg_id": ["$lt": 3]], []),
    (["label": ["$gte": true]], [3]),
    (["msg_id": ["$lt": ["a": 1]]], [0, 1, 2, 3]),
    (["submitted": ["$lt": "yesterday"]], [0, 1, 2, 3]),
    (["submitted": ["$lt": "2026-01-02T"]], []),
    (["content": ["$gt": 3]], [0, 1, 2, 3]),
    (["content": ["$lt": "{"]], [3]),
    (["buffers": ["$gt": "z"]], [0, 1, 2, 3]),
    (["result_buffers": ["$gt": "z"]], [2]),
    (["submitted": ["$glob": "2026-01-02T*:0[67]*"]], [1, 2]),
    (["content": ["$glob": "*5}"]], [0, 1, 2]),
    (["label": ["$glob": 3]], []),
    (["label": ["$glob": ["group/ü"]]], []),
    (["buffers": ["$glob": "*"]], []),
    (["label": ["$all": ["a group/ü", "group/ü!"]]], [3]),
    (["label": ["$all": "ü"]], []),
    (["stdout": ["$all": "ü"]], [0, 1, 2, 3]),
    (["label": ["$all": ["a group/ü": 1]]], [3]),
    (["label": ["$all": [["group/ü": 1]]]], [3]),
    (["label": ["$all": ""]], [0, 1, 2, 3]),
    (["content": ["$eq": [1, ["b": true]]]], []),
  ]

  @Test(arguments: RecordingStore.allCases)
  func answers(kind: RecordingStore) throws {
    let store = try store(kind)
    for (query, ids) in Self.queries {
      #expect(try store.ids(query) == ids.map { "task-\($0)" }, "\(query.bytes.string)")
    }
  }

  static let mistakes: [(query: JSONValue, code: TaskStoreError.Code)] = [
    ([], .invalidOperand),
    (["garbage": 1], .unknownKey),
    (["msg_id; DROP TABLE x": 1], .unknownKey),
    (["msg_id": ["$regex": "a"]], .unknownOperator),
    (["content": ["a": 5]], .unknownOperator),
    (["msg_id": ["$lt": ["task-1"]]], .invalidOperand),
    (["submitted": ["$gte": []]], .invalidOperand),
    (["label": ["$mod": [0, 1]]], .invalidOperand),
    (["label": ["$all": 3]], .invalidOperand),
    (["label": ["$all": [3]]], .invalidOperand),
    (["label": ["$mod": "ab"]], .invalidOperand),
  ]

  @Test(arguments: RecordingStore.allCases)
  func mistakesAreErrors(kind: RecordingStore) throws {
    let store = try store(kind)
    for (query, code) in Self.mistakes {
      let finding = #expect(throws: TaskStoreError.self) { try store.find(query) }
      #expect(finding?.code == code, "\(query.bytes.string)")
      let dropping = #expect(throws: TaskStoreError.self) { try store.drop(matching: query) }
      #expect(dropping?.code == code, "\(query.bytes.string)")
    }
    #expect(try store.count == 4)
  }

  @Test(arguments: RecordingStore.allCases)
  func longListsOfIds(kind: RecordingStore) throws {
    let store = try store(kind)
    let ids = (0..<100_000).map { JSONValue.string("task-\($0)") }
    #expect(try store.ids(["msg_id": ["$in": .array(ids)]]).count == 4)
  }
}
