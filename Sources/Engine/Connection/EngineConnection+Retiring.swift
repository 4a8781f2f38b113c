import Logging
import MartletWire
import MartletZeroMQ

/// Leaving without losing anything: the request that runs is finished, the tasks behind it go back to the scheduler.
extension EngineConnection {
  /// Ends the engine's life when it has finished what it has begun, at the latest after the time of grace.
  ///
  /// Direct requests and broadcasts that have arrived are finished, too: no other engine can take them.
  func retire() {
    guard departure == nil, retirement == nil else { return }
    guard presence != nil else { return leave(.requested) }
    logger.info("the engine is about to leave: it finishes what it has begun")
    if !canRetire {
      // Another kind of controller would send more and more tasks.
      mailbox.close()
    }
    beginRetirement(EngineRetirement(grace: configuration.grace, now: .now))
  }

  /// Has the controller send no more tasks, and leaves when it knows of none here.
  func beginRetirement(_ begun: EngineRetirement) {
    retirement = begun
    if canRetire {
      lease.retire()
      sendRetirement()
    }
    stepRetirement()
  }

  /// The runner has ended, after the request it was at, because the mailbox is closed. Requests beside it may still run.
  func runnerEnded() {
    guard retirement != nil, loss == nil else { return }
    if beside.isIdle { return leave(.requested) }
    beside.afterRunning { [weak self] in self?.onLoop { $0.leave(.requested) } }
  }

  private func stepRetirement() {
    guard departure == nil else { return }
    if canRetire { returnTasks() }
    // After a loss, what waits never runs here.
    let isIdle = canRetire && (loss != nil || mailbox.isIdle) && beside.isIdle
    switch retirement?.step(isIdle: isIdle, isConnected: reachesHub, now: .now) {
    case nil: break
    case .wait(let time):
      _ = loop.schedule(at: .now + time) { [weak self] in self?.assumeIsolated { $0.stepRetirement() } }
    case .leave: leave(loss ?? .requested)
    case .leaveUnfinished:
      let grace = loss == nil ? configuration.grace : EngineRetirement.lossGrace
      logger.warning("the engine leaves although it has not finished within \(grace)")
      leave(loss ?? .requested)
    }
  }
}
