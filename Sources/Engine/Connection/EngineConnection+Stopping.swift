import Logging
import MartletWire
import MartletZeroMQ

/// Stopping the request that runs: Python code is interrupted, a Swift function cancelled. What goes on regardless is ended
/// by force after a time of grace.
extension EngineConnection {
  /// Stops running requests that are among those to be aborted.
  ///
  /// - Parameter grace: how long they may go on; `nil` for as long as each request says, or else the configuration.
  /// - Returns: the others.
  func stopRunning(_ ids: [String]?, grace: Duration?) -> [String]? {
    guard let ids else { return nil }
    let wanted = Set(ids)
    let found = ([mailbox.running].compactMap(\.self) + beside.running).filter { wanted.contains($0.id) }
    guard !found.isEmpty else { return ids }
    for request in found { stop(request, .aborted, grace: grace) }
    let stopped = Set(found.map(\.id))
    return ids.filter { !stopped.contains($0) }
  }

  /// What stops requests that run for longer than they may.
  func makeStopper() -> RequestStopper {
    RequestStopper(loop) { [weak self] request in self?.assumeIsolated { $0.stop(request, .timedOut) } }
  }

  private func stop(_ request: Request, _ reason: RequestStage.Stop, grace given: Duration? = nil) {
    let grace = given ?? request.metadata.stopGrace ?? configuration.python.interruptGrace
    let isNew = beside.stop(request, reason) ?? runnerTask.stop(request, reason)
    // It may have begun to run beside others meanwhile.
    if isNew { beside.cancel(request) }
    // The Python process has a time of grace of its own.
    if pythonWorker?.interrupt(request.id, grace: grace, isAnew: given != nil) ?? false { return }
    // Who stops it once more may be less patient.
    guard isNew || given != nil else { return }
    _ = loop.schedule(at: .now + grace) { [weak self] in
      self?.assumeIsolated { $0.graceEnded(request, grace) }
    }
  }

  /// A function can't be ended but with its process. The task is answered first.
  private func graceEnded(_ request: Request, _ grace: Duration) {
    // It may have gone to Python meanwhile.
    if pythonWorker?.interrupt(request.id, grace: grace) ?? false { return }
    guard request.stage.abandon(), let writer else { return }
    let text =
      "engine \(number.current) has ended, because the task went on for \(grace) after it "
      + "had been cancelled"
    let reply = writer.failed(
      request, started: request.stage.started, error: RaisedError("EngineError", text), method: request.method)
    sender.finish(request, reply, [], capture)
    logger.error("a function ignores its cancellation", metadata: [LogKey.messageID: "\(request.id)"])
    leaveAfterLoss(.ignoredCancellation(text))
  }
}
