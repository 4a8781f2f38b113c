import MartletWire

@testable import MartletController

/// The connections between a process and the controller.
enum Channel: Int, CaseIterable {
  // Those of clients.
  case query, task, notification
  // Those of engines.
  case registration, shell, control, ping, pong
}

/// What travels over a link.
enum Letter {
  /// To the task scheduler: a task, for the first time or once more.
  case submit(task: Int, copy: Int)
  /// To the scheduler, and by way of the controller to engines: tasks that are not to begin.
  case abort(tasks: [Int])
  /// To the hub: a request.
  case request(type: String, id: String, content: JSONValue)
  /// From the hub: the answer to a request.
  case answer(to: String, type: String, content: JSONValue)
  /// From the hub to clients.
  case notification
  /// From the scheduler to an engine.
  case dispatch(task: Int, attempt: Int)
  case probe(number: Int, run: Int)
  /// From an engine to the scheduler.
  case reply(Reply)
  case probeAnswer(number: Int, run: Int)
  /// From the scheduler to a client.
  case result(task: Int, Answer)
  /// From the hub to an engine that it doesn't know.
  case order(StrayHearts.Order)
  case ping(String)
  case pong(String)
}

/// An engine's reply to a task.
struct Reply {
  let task: Int
  let outcome: TaskOutcome
  /// Which run of the task it reports; `nil` if the task was aborted or returned.
  let execution: Int?
  /// The attempt that is returned, or whose reply is sent again.
  var attempt: Int?
}

/// How a task ends for its client.
enum Answer {
  case reply(Reply)
  case failure(TaskFailureReason)
  /// The client has given up: the controller was away for too long.
  case controllerLost
  /// The client has found out that nobody knows the task.
  case unknown
  /// The client has found out that the task has ended, but its result is gone.
  case unrecorded
  /// The client doesn't send anything while the controller is lost.
  case refused
}

/// What the scheduler keeps.
enum Parcel {
  /// A task, and how often its client has sent it before.
  case task(Int, copy: Int)
  case reply(Reply)
}
