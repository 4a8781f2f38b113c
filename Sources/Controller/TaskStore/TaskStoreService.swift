/// The task store as the hub sees it: changes are posted, questions answered later. No call waits.
///
/// A question is answered after all changes that were posted before it. Stores in memory run on the hub's own loop,
/// because a hand-over between threads would cost more than a change to them; a database has a thread of its own, because
/// a locked file or a slow disk can hold it up for seconds.
protocol TaskStoreService: AnyObject {
  /// Whether the store keeps what it is given. If not, the hub need not collect any records.
  var keepsRecords: Bool { get }
  /// How many more bytes of changes the service takes without exceeding its limit.
  var room: Int { get }
  /// Posts changes and empties the array.
  func post(_ writes: inout [TaskStoreWrite])
  /// Asks a question. The answer may come before the call returns, or later on another thread.
  func ask(_ query: TaskStoreQuery, then answer: @escaping TaskStoreReply)
  /// Writes what has been posted, closes the store and calls back. No other call may follow.
  func close(then done: @escaping @Sendable () -> Void)
}

/// Takes the answer to a ``TaskStoreQuery``.
typealias TaskStoreReply = @Sendable (Result<TaskStoreAnswer, TaskStoreError>) -> Void

extension Array {
  /// Removes all elements, and gives back the memory of an unusually large array.
  mutating func empty() { removeAll(keepingCapacity: capacity <= 4096) }
}
