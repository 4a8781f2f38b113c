/// What relays and schedulers report to the hub: ipyparallel's monitor topics. Messages are nil when the store keeps none.
enum HubEvent: Sendable {
  /// Topics `in` and `intask`: a request went to an engine's queue or to the task scheduler.
  case requested(taskID: String, TaskRequest.Queue, engine: String?, RecordedMessage?)
  /// Topic `tracktask`: the task scheduler sent a task to an engine.
  case dispatched(taskID: String, engine: String)
  /// An engine returned a task to the task scheduler.
  case returned(taskID: String)
  /// Topics `out` and `outtask`: a reply is on its way to a client.
  case replied(taskID: String, ReplySender, RecordedMessage?)
  /// A reply passed, but its content was not kept.
  case answered(taskID: String)
  /// Reports of replies were lost, so any pending request may have ended.
  case answersMissed
  /// Topic `iopub`: an engine published something.
  case published(type: String, session: String, RecordedMessage)
  /// Hearts that began to beat.
  case heartsStarted([String])
  /// Hearts that stopped.
  case heartsStopped([String])
}

/// What a reply says about its sender.
struct ReplySender: Sendable {
  /// The uuid of the engine, if the reply names one.
  var engine: String?
  /// Whether the task was aborted rather than done.
  var isAborted = false
}
