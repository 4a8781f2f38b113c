/// The reports of relays and schedulers to the hub: ipyparallel's monitor topics. Messages are nil if the store keeps
/// no records.
enum HubEvent: Sendable {
  /// Topics `in` and `intask`: a request of so many bytes was sent to an engine's queue or to the task scheduler.
  case requested(taskID: String, TaskRequest.Queue, engine: String?, size: Int, RecordedMessage?)
  /// Topic `tracktask`: the task scheduler sent a task to an engine.
  case dispatched(taskID: String, engine: String)
  /// An engine returned a task to the task scheduler.
  case returned(taskID: String)
  /// Topics `out` and `outtask`: a reply is on its way to a client.
  case replied(taskID: String, ReplySender, RecordedMessage?)
  /// A reply was relayed, but its content was not kept.
  case answered(taskID: String)
  /// Reports of replies were lost, so any pending request may have ended.
  case answersMissed
  /// Topic `iopub`: an engine published something.
  case published(type: String, session: String, RecordedMessage)
  /// Hearts started to beat.
  case heartsStarted([String])
  /// Hearts stopped.
  case heartsStopped([String])
}

/// The information in a reply about its sender.
struct ReplySender: Sendable {
  /// The uuid of the engine, if the reply names one.
  var engine: String?
  /// Whether the task was aborted instead of completed.
  var isAborted = false
}
