import MartletWire
import MartletZeroMQ

/// A task store that finds results in the journal which the store itself doesn't have: it keeps none, has dropped them, or
/// they were not written when the controller was killed.
final class JournaledTaskStore: TaskStoreService {
  private let store: any TaskStoreService
  private let journal: Journal

  init(_ store: any TaskStoreService, journal: Journal) {
    self.store = store
    self.journal = journal
  }

  var keepsRecords: Bool { store.keepsRecords }
  var room: Int { store.room }

  func post(_ writes: inout [TaskStoreWrite]) { store.post(&writes) }

  func ask(_ query: TaskStoreQuery, then answer: @escaping TaskStoreReply) {
    guard case .results(let ids, _) = query else { return store.ask(query, then: answer) }
    store.ask(query) { [journal] found in
      let missing = Self.missing(ids, in: found)
      guard !missing.isEmpty else { return answer(found) }
      journal.results(of: missing) { answer(Self.adding($0, to: found)) }
    }
  }

  typealias Answer = Result<TaskStoreAnswer, TaskStoreError>

  /// The tasks whose results the store doesn't have.
  static func missing(_ ids: [String], in found: Answer) -> [String] {
    let complete = Set(records(found).lazy.filter { $0.completed != nil }.map(\.messageID))
    return ids.filter { !complete.contains($0) }
  }

  /// An answer of the store with what the journal has in addition.
  static func adding(_ results: [JournaledResult], to found: Answer) -> Answer {
    guard !results.isEmpty else { return found }
    let journaled = results.map(\.record)
    let replaced = Set(journaled.map(\.messageID))
    return .success(TaskStoreAnswer(records: records(found).filter { !replaced.contains($0.messageID) } + journaled))
  }

  private static func records(_ found: Answer) -> [TaskRecord] { (try? found.get().records) ?? [] }

  func close(then done: @escaping @Sendable () -> Void) { store.close(then: done) }
}

extension JournaledResult {
  /// The header of the task, as its reply has it.
  var header: Bytes { reply[3] }

  /// The record of the task, without the request's buffers and what it has printed.
  var record: TaskRecord {
    var record = TaskRecord(messageID: id)
    record.header = header
    record.metadata = request.metadata
    record.content = request.content
    record.queue = TaskRequest.Queue.task.rawValue
    record.resultHeader = reply[2]
    record.resultMetadata = reply[4]
    record.resultContent = reply[5]
    record.resultBuffers = Array(reply.dropFirst(6))
    let date = reply[2].withSpan { try? MessageHeader(scanning: $0, includingOrigin: true) }?.date ?? .now
    record.completed = date
    record.received = date
    return record
  }
}
