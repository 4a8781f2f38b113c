extension TaskSchedulerState {
  /// Ends the queued tasks among `ids` as aborted. Those on engines are not tried again: the engines are told,
  /// too, and may end them with an error. Those finished or unknown are left alone.
  mutating func abort(ids: some Sequence<String>) {
    for id in ids {
      acceptDeferred { $0.id == id }
      guard let task = tasks.find(id), !tasks[task].phase.isFinished else { continue }
      guard !tasks[task].phase.isQueued else {
        fail(task, .aborted)
        continue
      }
      tasks[task].runsNoMore()
      let engine = tasks[task].engine.map { engines[$0.engine].identity }
      if reportsChanges { noteChange(task, .placed(placement(of: task, on: engine))) }
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
