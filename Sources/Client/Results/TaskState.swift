import MartletWire

/// One task of a call, from its submission to its outcome.
struct TaskState: Sendable {
  /// The request's id; empty before the task is sent.
  var id = ""
  /// When the client sent the task.
  var submitted: Timestamp?
  /// The engines the task was sent to; empty if a scheduler chooses one.
  var engines: [RegisteredEngine] = []
  /// How the task ended; `nil` while it is unfinished.
  var outcome: Result<TaskReply, any Error>?
  /// Whether its part of the value was taken and is not needed any more.
  var isRead = false
  /// The client's earlier attempts, in their order.
  var earlierAttempts: [FailedAttempt] = []
  /// Decides about the next attempt and waits for it; `nil` unless the last one has failed.
  var retrying: Task<Void, Never>?
  /// How many engines have not published all output yet.
  var pendingOutputs = 0
  /// How many IOPub messages have arrived, not counting those about the engine's status.
  var receivedOutputs = 0
  /// How many IOPub messages there are in all, if the reply has stated it.
  var totalOutputs: Int?

  /// Which attempt at the task this is, counted from 1.
  var attempt: Int { earlierAttempts.count + 1 }

  /// A task that was let go after it was read.
  static let released: TaskState = {
    var task = TaskState()
    task.outcome = .failure(ClientError.alreadyRead)
    task.isRead = true
    return task
  }()
}
