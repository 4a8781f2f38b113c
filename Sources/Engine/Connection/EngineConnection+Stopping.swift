import Logging
import MartletWire
import MartletZeroMQ

/// Stopping the request that runs: Python code is interrupted, a Swift function cancelled. What goes on regardless is ended
/// by force after a time of grace.
extension EngineConnection {
  /// Stops running requests that are among those to be aborted.
  ///
  /// - Returns: the others.
  func stopRunning(_ ids: [String]?) -> [String]? {
    guard let ids else { return nil }
    let wanted = Set(ids)
    let found = ([mailbox.running].compactMap(\.self) + beside.running).filter { wanted.contains($0.id) }
    guard !found.isEmpty else { return ids }
    for request in found { stop(request, .aborted) }
    let stopped = Set(found.map(\.id))
    return ids.filter { !stopped.contains($0) }
  }

  /// What stops requests that run for longer than they may.
  func makeStopper() -> RequestStopper {
    RequestStopper(loop) { [weak self] request in self?.assumeIsolated { $0.stop(request, .timedOut) } }
  }

  private func stop(_ request: Request, _ reason: RequestStage.Stop) {
    let isNew = beside.stop(request, reason) ?? runnerTask.stop(request, reason)
    // It may have begun to run beside others meanwhile.
    if isNew { beside.cancel(request) }
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
