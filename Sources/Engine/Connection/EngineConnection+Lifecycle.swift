import Logging
import MartletWire
import MartletZeroMQ

/// What the program does on its engine before the first task and after the last.
extension EngineConnection {
  /// A step of the program's that runs, and who waits for it.
  struct LifecycleStep {
    let task: Task<Void, Never>
    let waiting: CheckedContinuation<Result<Void, any Error>?, Never>
  }

  /// Lets the program prepare the engine, on the worker's thread.
  ///
  /// - Returns: whether it is prepared; false if the engine is to leave first.
  /// - Throws: ``EngineRunError/Code/startFailed``.
  func prepare(_ context: EngineContext, on worker: WorkerThread) async throws(EngineRunError) -> Bool {
    // It was told to leave when it had just been accepted.
    guard departure == nil else { return false }
    guard let started = configuration.lifecycle.started else { return true }
    let result = await perform(on: worker) {
      try await EngineContext.$engine.withValue(context) { try await started(context) }
    }
    switch result {
    case .success: return true
    case .failure(let error) where departure == nil:
      throw EngineRunError(.startFailed, "engineStarted has failed on engine \(number.current): \(error)")
    case .failure, nil: return false
    }
  }

  /// Lets the program clean up, within what is left of the time of grace.
  func cleanUp(_ context: EngineContext) async {
    // The controller is told no more, and not listened to.
    presence = nil
    sender.close()
    guard let willStop = configuration.lifecycle.willStop else { return }
    let deadline = (loss == nil ? retirement?.end : nil) ?? .now + configuration.grace
    guard !isInHurry, .now < deadline else {
      logger.warning("the engine leaves without engineWillStop: there is no time left")
      return
    }
    let timer = loop.schedule(at: deadline) { [weak self] in self?.assumeIsolated { $0.abandonStep() } }
    defer { loop.cancel(timer) }
    let result = await perform(on: nil) {
      await EngineContext.$engine.withValue(context) { await willStop(context) }
    }
    if result == nil { logger.warning("the engine leaves although engineWillStop has not ended in time") }
  }

  /// The engine's task was cancelled. If the engine leaves already, it is to do so at once.
  func cancelled() {
    if departure != nil || retirement != nil { hurry() }
    leave(.requested)
  }

  /// From now on the program is not waited for.
  func hurry() {
    isInHurry = true
    abandonStep()
  }

  /// Has the preparation end that may still run when the engine leaves.
  func endPreparation() {
    guard let step else { return }
    step.task.cancel()
    _ = loop.schedule(at: .now + configuration.grace) { [weak self] in self?.assumeIsolated { $0.abandonStep() } }
  }

  /// - Returns: `nil` if the step was abandoned.
  private func perform(
    on executor: WorkerThread?, _ body: @escaping @Sendable () async throws -> Void
  ) async -> Result<Void, any Error>? {
    await withCheckedContinuation { waiting in
      let task = Task(executorPreference: executor) { [weak self] in
        let result: Result<Void, any Error>
        do {
          result = .success(try await body())
        } catch {
          result = .failure(error)
        }
        self?.onLoop { $0.stepEnded(result) }
      }
      step = LifecycleStep(task: task, waiting: waiting)
    }
  }

  private func abandonStep() {
    step?.task.cancel()
    stepEnded(nil)
  }

  private func stepEnded(_ result: Result<Void, any Error>?) {
    step?.waiting.resume(returning: result)
    step = nil
  }
}
