extension TaskSchedulerState {
  /// Ends the queued tasks among `ids` as aborted; those on engines, finished or unknown are left alone.
  mutating func abort(ids: some Sequence<String>) {
    for id in ids {
      acceptDeferred { $0.id == id }
      guard let task = tasks.find(id), tasks[task].phase.isQueued else { continue }
      fail(task, .aborted)
    }
    settle()
    checkInvariants()
  }

  /// Ends all queued tasks of a client as aborted.
  mutating func abortAll(of session: String) {
    acceptDeferred { $0.client == session }
    guard let client = clients.find(session) else { return }
    while let task = clients.firstQueued(of: client) { fail(task, .aborted) }
    settle()
    checkInvariants()
  }

  /// A client is gone: its queued tasks are aborted, and its pending ones are not retried.
  mutating func clientVanished(_ session: String) {
    acceptDeferred { $0.client == session }
    guard let client = clients.find(session) else { return }
    clients.vanish(client)
    abortAll(of: session)
  }
}
