extension TaskSchedulerState {
  /// Ends the queued and waiting tasks among `ids` as aborted; those on engines, finished or unknown are left alone.
  public mutating func abort(ids: some Sequence<String>) {
    for id in ids {
      guard let task = tasks.find(id, hash: IdentifierTable.hash(id)), tasks[task].phase.isQueued else { continue }
      fail(task, .aborted)
    }
    settle()
  }

  /// Ends all queued and waiting tasks of a client as aborted.
  public mutating func abortAll(of client: String) {
    guard let slot = clientIndex[client] else { return }
    // The last of them may release the slot.
    while clients[Int(slot)].queued.head >= 0 { fail(clients[Int(slot)].queued.head, .aborted) }
    settle()
  }

  /// A client is gone: its queued tasks are aborted, and its running ones are not retried.
  public mutating func clientVanished(_ client: String) {
    guard let slot = clientIndex[client] else { return }
    clients[Int(slot)].hasVanished = true
    abortAll(of: client)
  }
}
