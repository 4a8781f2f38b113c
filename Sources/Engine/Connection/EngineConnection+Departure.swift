import MartletZeroMQ

/// Why and how an engine's life ends.
extension EngineConnection {
  /// Why an engine leaves.
  enum Departure: Sendable, Hashable {
    /// A `shutdown_request`.
    case shutdown
    /// Cancellation or a graceful shutdown.
    case requested
    /// The controller is lost, as this text says.
    case controllerLost(String)
    /// Python has ended, for this reason.
    case pythonDied(String)
    /// A function goes on although it was cancelled, as this text says.
    case ignoredCancellation(String)
  }

  func waitForDeparture() async -> Departure {
    if let departure { return departure }
    return await withCheckedContinuation { departing = $0 }
  }

  /// Ends the engine's life. Only the first reason counts.
  func leave(_ reason: Departure) {
    guard departure == nil else { return }
    departure = reason
    departing?.resume(returning: reason)
    departing = nil
    finishRegistration(.failure(CancellationError()))
    endPreparation()
  }

  /// Ends the engine's life a moment after it has answered a task that was lost. Nothing runs here any more.
  ///
  /// The hub answers the tasks of an engine that leaves. The engine's own answer to the task that was lost says more, but
  /// travels on another channel than its departure, so it gets a head start. Tasks that were sent meanwhile, in the place of
  /// the lost one, go back to the scheduler.
  func leaveAfterLoss(_ reason: Departure) {
    guard departure == nil, loss == nil else { return }
    loss = reason
    guard canRetire, presence != nil else {
      _ = loop.schedule(at: .now + EngineRetirement.linger) { [weak self] in self?.assumeIsolated { $0.leave(reason) } }
      return
    }
    // One that has begun goes on, without what waits.
    guard retirement == nil else { return }
    beginRetirement(EngineRetirement(grace: EngineRetirement.lossGrace, wasBusy: true, now: .now))
  }

  /// Sends no replies and no output any more.
  nonisolated func mute() {
    sender.close()
    onLoop { $0.hurry() }
  }
}
