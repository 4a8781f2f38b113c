/// What the driver of a ``TaskSchedulerState`` has to do.
enum TaskSchedulerAction<Payload> {
  /// Send the task to an engine.
  case dispatch(Payload, taskID: String, engine: EngineIdentity)
  /// Send an engine's reply to the client.
  case deliver(Payload, taskID: String, engine: EngineIdentity)
  /// Answer the submission (the payload) with an error of the scheduler's own.
  case fail(Payload, taskID: String, TaskFailureReason)
  /// Count a reply for a task that is not pending on that engine; the reply is dropped.
  case unknownReply(taskID: String, engine: EngineIdentity)
  /// Drop a submission whose id is still in flight.
  case duplicate(Payload, taskID: String)
}

extension TaskSchedulerAction: Sendable where Payload: Sendable {}
extension TaskSchedulerAction: Equatable where Payload: Equatable {}
