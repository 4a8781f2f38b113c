/// The hub's interface to the task store. Writes are posted and queries answered later; no call blocks.
///
/// A query sees all writes posted before it. Memory stores run on the hub's loop because passing a write to another
/// thread would cost more than the write itself. A database runs on its own thread because a locked file or a slow disk
/// can block it for seconds.
protocol TaskStoreService: AnyObject {
  /// Whether the store keeps records. If not, the hub need not collect any.
  var keepsRecords: Bool { get }
  /// The size of writes the service still accepts before it reaches its limit, in bytes.
  var room: Int { get }
  /// Posts writes and empties the array.
  func post(_ writes: inout [TaskStoreWrite])
  /// Submits a query. `answer` is called before this returns, or later on another thread.
  func ask(_ query: TaskStoreQuery, then answer: @escaping TaskStoreReply)
  /// Performs all posted writes, closes the store and calls `done`. No other call may follow.
  func close(then done: @escaping @Sendable () -> Void)
}

/// Receives the answer to a ``TaskStoreQuery``.
typealias TaskStoreReply = @Sendable (Result<TaskStoreAnswer, TaskStoreError>) -> Void

extension Array {
  /// Removes all elements, and releases the memory of an unusually large array.
  mutating func empty() { removeAll(keepingCapacity: capacity <= 4096) }
}
