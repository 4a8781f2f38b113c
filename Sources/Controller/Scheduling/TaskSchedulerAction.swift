/// What the driver of a ``TaskSchedulerState`` has to do.
enum TaskSchedulerAction<Payload> {
  /// Send the task to an engine, for the first time or, if `attempt` is larger than 1, once more. An engine may have seen
  /// the message of an earlier attempt, and would take the same one for a replay.
  case dispatch(Payload, taskID: String, engine: EngineIdentity, attempt: Int)
  /// Send an engine's reply to the client. If it is a failure, `after` are the attempts that have failed before.
  case deliver(Payload, taskID: String, engine: EngineIdentity, after: [FailedAttempt]? = nil)
  /// Answer the submission (the payload) with an error of the scheduler's own. `after` are the attempts that have failed before.
  case fail(Payload, taskID: String, TaskFailureReason, after: [FailedAttempt]? = nil)
  /// Note that a task that was on an engine is queued again.
  case requeued(taskID: String)
  /// Send the engine a request that any engine answers after the tasks it was sent before. Pass the answer to
  /// ``TaskSchedulerState/probeAnswered(by:number:now:)`` with this number.
  case probe(EngineIdentity, number: Int)
  /// Tell the hub that an engine which is about to leave has no tasks any more.
  case retired(EngineIdentity)
  /// Count a reply for a task that is not pending on that engine; the reply is dropped.
  case unknownReply(taskID: String, engine: EngineIdentity)
  /// Note a change of a task for the journal, before any action that follows from it. Only if the state's configuration
  /// asks for it.
  case changed(Payload, taskID: String, TaskChange)
  /// Drop a submission whose id is still in flight.
  case duplicate(Payload, taskID: String)
}

extension TaskSchedulerAction: Sendable where Payload: Sendable {}
extension TaskSchedulerAction: Equatable where Payload: Equatable {}
