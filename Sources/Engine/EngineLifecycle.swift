/// What a program does on each of its engines before the first task and after the last: open a database and close it, load
/// a model, install the backends of logs and metrics.
///
/// A `ClusterProgram` has these as its `engineStarted` and `engineWillStop`.
public struct EngineLifecycle: Sendable {
  /// Runs when the controller has accepted the engine, on the thread on which functions run. The engine gets no task and is
  /// unknown to clients until it returns. If it throws, the engine ends with ``EngineRunError/Code/startFailed``. If the
  /// engine is to leave meanwhile, it is cancelled.
  public var started: (@Sendable (EngineContext) async throws -> Void)?
  /// Runs when the engine leaves, after it has told the controller and before ``Engine/run()`` returns or throws. What the
  /// engine ran has ended then or been cancelled, and its Python is gone. It may take what is left of
  /// ``EngineConfiguration/grace``, and is then cancelled and no longer awaited. It does not run if no time is left, nor if
  /// ``started`` has not returned, nor if the engine is to end at once: when it is cancelled while it retires.
  public var willStop: (@Sendable (EngineContext) async -> Void)?

  /// Creates a lifecycle. By default nothing is done.
  public init(
    started: (@Sendable (EngineContext) async throws -> Void)? = nil,
    willStop: (@Sendable (EngineContext) async -> Void)? = nil
  ) {
    self.started = started
    self.willStop = willStop
  }
}
