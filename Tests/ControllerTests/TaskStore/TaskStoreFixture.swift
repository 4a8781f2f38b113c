import Foundation
import MartletWire
import MartletZeroMQ

@testable import MartletController

/// The kinds of store that keep records. All must pass the same tests.
enum RecordingStore: String, CaseIterable, Sendable {
  case memory, sqlite
}

/// A temporary directory with stores. It is removed with the fixture.
final class TaskStoreFixture {
  let directory: URL

  init() throws {
    directory = FileManager.default.temporaryDirectory.appendingPathComponent("task-store-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: directory) }

  func configuration(_ kind: TaskStoreConfiguration.Kind) -> TaskStoreConfiguration {
    var configuration = TaskStoreConfiguration()
    configuration.kind = kind
    configuration.location = directory.path
    return configuration
  }

  func store(_ kind: RecordingStore) throws -> any TaskStore {
    try configuration(kind == .memory ? .memory : .sqlite).makeStore(session: "session")
  }

  /// A store with records `task-0` … submitted one second apart, starting at `TaskRecord.epoch`.
  func store(_ kind: RecordingStore, count: Int) throws -> any TaskStore {
    let store = try store(kind)
    for index in 0..<count { try store.add(.sample(index)) }
    return store
  }
}

extension TaskRecord {
  /// 2026-01-02T03:04:05Z.
  static let epoch = 1_767_323_045_000_000

  static func sample(_ index: Int, bufferSize: Int = 4) -> TaskRecord {
    var record = TaskRecord(messageID: "task-\(index)")
    record.header = Bytes("{\"msg_id\": \"task-\(index)\", \"msg_type\": \"apply_request\"}")
    record.metadata = Bytes("{}")
    record.content = Bytes("{\"a\":5}")
    record.buffers = [Bytes([UInt8](repeating: UInt8(truncatingIfNeeded: index), count: bufferSize))]
    record.submitted = Timestamp(microseconds: epoch + index * 1_000_000)
    record.clientUUID = "client"
    return record
  }
}

extension TaskRecordUpdate {
  static func completed(at index: Int, resultSize: Int = 0) -> TaskRecordUpdate {
    var update = TaskRecordUpdate()
    update.completed = Timestamp(microseconds: TaskRecord.epoch + index * 1_000_000 + 500_000)
    update.resultBuffers = [Bytes([UInt8](repeating: 1, count: resultSize))]
    return update
  }
}

extension TaskStore {
  /// The records that match a JSON query, with the fields of `keys` or all fields.
  func find(_ query: JSONValue, keys: [String]? = nil) throws -> [TaskRecord] {
    try find(TaskQuery(query), keys: try keys.map { try TaskRecordKey.named($0) } ?? TaskRecordKey.allCases)
  }

  @discardableResult
  func drop(matching query: JSONValue) throws -> Int { try drop(matching: TaskQuery(query)) }

  func ids(_ query: JSONValue) throws -> [String] { try find(query, keys: ["msg_id"]).map(\.messageID) }
}
