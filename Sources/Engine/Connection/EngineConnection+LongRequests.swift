import MartletZeroMQ

/// Returning the tasks that wait behind a long request, so that the scheduler can run them elsewhere.
extension EngineConnection {
  /// Watches the runner from the moment it becomes busy until it is idle. Tasks that wait behind the same request for
  /// longer than `patience`, which the controller sets, are returned.
  func watchRunner(_ patience: Duration) {
    mailbox.onStart { [weak self] in
      self?.onLoop { connection in
        connection.longRequests = LongRequestWatch(patience: patience)
        connection.checkLongRequests()
      }
    }
  }

  private func checkLongRequests() {
    guard let check = longRequests?.check(running: mailbox.runningNumber()) else { return }
    if check.returnsTasks { returnTasks() }
    _ = loop.schedule(at: .now + check.next) { [weak self] in self?.assumeIsolated { $0.checkLongRequests() } }
  }

  /// Returns all waiting tasks.
  func returnTasks() {
    guard let receiver, let writer else { return }
    sender.giveBack(receiver.withdrawTasks(), writer)
  }

  /// Lets tasks begin from now on, if the controller takes back those that don't.
  func renewLease(_ registration: RegistrationReply) {
    guard registration.takesBack else { return lease.end() }
    lease.renew(gap: HeartbeatWatch.gap(period: registration.heartbeatPeriod))
  }
}
