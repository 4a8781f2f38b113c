import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

@Suite struct TaskRecordTests {
  @Test func jsonOfAllKeys() throws {
    var record = TaskRecord.sample(0)
    record.stdout = "out"
    let json = record.json(keys: TaskRecordKey.allCases)
    #expect(
      Set(try #require(json.objectValue).keys)
        == Set(TaskRecordKey.allCases.map(\.rawValue)).subtracting(["buffers", "result_buffers"]))
    #expect(json["msg_id"] == "task-0")
    #expect(json["header"]?["msg_type"] == "apply_request")
    #expect(json["submitted"] == "2026-01-02T03:04:05.000000Z")
    #expect(json["completed"] == .null)
    #expect(json["stdout"] == "out")
    #expect(json["stderr"] == "")
  }

  @Test func jsonOfSomeKeys() throws {
    #expect(TaskRecord.sample(0).json(keys: [.messageID, .label, .buffers]) == ["msg_id": "task-0", "label": nil])
  }

  @Test func unreadableJSONIsNull() throws {
    var record = TaskRecord.sample(0)
    record.content = Bytes("{")
    #expect(record.json(keys: [.content])["content"] == .null)
  }

  @Test func bufferBytesCountBothSides() {
    var record = TaskRecord.sample(0, bufferSize: 10)
    record.resultBuffers = [Bytes([1, 2]), Bytes([3])]
    #expect(record.bufferBytes == 13)
    record.stdout = "four"
    record.stderr = "ü"
    #expect(record.bufferBytes == 19)
  }
}
