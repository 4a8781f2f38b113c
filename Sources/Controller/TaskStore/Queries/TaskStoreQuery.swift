/// A query from the hub to the task store.
enum TaskStoreQuery: Sendable {
  /// The records that match a query, with the fields of these keys.
  case records(TaskQuery, keys: [TaskRecordKey])
  /// The records of tasks whose results are asked for, with the fields of these keys.
  case results([String], keys: [TaskRecordKey])
  /// The ids of all records, ordered by time of submission.
  case history
  /// Drops the records that match any of these queries.
  case drop([TaskQuery])
}

/// The answer to a ``TaskStoreQuery``.
struct TaskStoreAnswer: Sendable {
  var records: [TaskRecord] = []
  var ids: [String] = []
}

extension TaskStore {
  /// Answers a query.
  func answer(_ query: TaskStoreQuery) throws(TaskStoreError) -> TaskStoreAnswer {
    switch query {
    case .records(let query, let keys): return TaskStoreAnswer(records: try find(query, keys: keys))
    case .results(let ids, let keys):
      return TaskStoreAnswer(records: try find(TaskQuery(ids: ids), keys: keys))
    case .history: return TaskStoreAnswer(ids: try history())
    case .drop(let queries):
      for query in queries { try drop(matching: query) }
      return TaskStoreAnswer()
    }
  }
}
