import Logging
import MartletWire
import MartletZeroMQ

/// Stopping the request that runs: Python code is interrupted, a Swift function cancelled. What goes on regardless is ended
/// by force after a time of grace.
extension EngineConnection {
  /// Stops the running request if it is one of those to be aborted.
  ///
  /// - Returns: the others.
  func stopRunning(_ ids: [String]?) -> [String]? {
    guard let ids, let running = mailbox.running, ids.contains(running.id) else { return ids }
    stop(running, .aborted)
    return ids.filter { $0 != running.id }
  }

  /// What stops requests that run for longer than they may.
  func makeStopper() -> RequestStopper {
    RequestStopper(loop) { [weak self] request in self?.assumeIsolated { $0.stop(request, .timedOut) } }
  }

  private func stop(_ request: Request, _ reason: RequestStage.Stop) {
    let isNew = runnerTask.stop(request, reason)
    // The Python process has a time of grace of its own.
    if pythonWorker?.interrupt(request.id) ?? false { return }
    guard isNew else { return }
    _ = loop.schedule(at: .now + configuration.python.interruptGrace) { [weak self] in
      self?.assumeIsolated { $0.graceEnded(request) }
    }
  }

  /// A function can't be ended but with its process. The task is answered first.
  private func graceEnded(_ request: Request) {
    // It may have gone to Python meanwhile.
    if pythonWorker?.interrupt(request.id) ?? false { return }
    guard request.stage.abandon(), let writer else { return }
    let text =
      "engine \(number.current) has ended, because the task went on for \(configuration.python.interruptGrace) after it "
      + "had been cancelled"
    let reply = writer.failed(
      request, started: request.stage.started, error: RaisedError("EngineError", text), method: request.method)
    sender.finish(request, reply, [], capture)
    logger.error("a function ignores its cancellation", metadata: [LogKey.messageID: "\(request.id)"])
    leaveAfterLoss(.ignoredCancellation(text))
  }
}
