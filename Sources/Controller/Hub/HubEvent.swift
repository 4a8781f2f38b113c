/// What the relays and schedulers report to the hub: ipyparallel's monitor topics, with the frames themselves instead
/// of copies.
enum HubEvent: Sendable {
  /// Topics `in` and `intask`: a request went to an engine's queue or to the task scheduler.
  case requested(MonitoredMessage, engine: String?)
  /// Topic `tracktask`: the task scheduler sent a task to an engine.
  case dispatched(taskID: String, engine: String)
  /// Topics `out` and `outtask`: a reply passed on its way to a client.
  case replied(MonitoredMessage, parentID: String)
  /// A reply passed while the hub lagged: that it did is all the hub learns.
  case answered(taskID: String)
  /// Topic `iopub`: an engine published something.
  case published(MonitoredMessage)
  /// Hearts that began to beat.
  case heartsStarted([String])
  /// Hearts that stopped.
  case heartsStopped([String])
}
