import MartletWire

/// An attempt at a task that has failed.
struct FailedAttempt: Sendable {
  /// What it has thrown.
  let error: any Error
  /// When it has failed; `nil` if that is unknown.
  let date: Timestamp?
  /// The attempts that the scheduler has made before as part of this one.
  var before: [FailedAttempt] = []

  /// All attempts that have failed until then, in their order.
  var all: [FailedAttempt] { before + [FailedAttempt(error: error, date: date)] }
}

extension TaskReply {
  /// What the scheduler tells of the attempts at a task before the one that this replies to.
  ///
  /// - Parameters: as ``failure(id:method:engineID:)``.
  func earlierAttempts(id: String, method: String, engineID: (String) -> Int?) -> [FailedAttempt] {
    (metadata["earlier"]?.arrayValue ?? []).map { attempt in
      let uuid = attempt["engine"]?.stringValue
      let error = Self.error(
        attempt["ename"]?.stringValue ?? "Error", attempt["evalue"]?.stringValue ?? "",
        engineID: uuid.flatMap(engineID),
        engineUUID: uuid, id: id, method: method)
      return FailedAttempt(error: error, date: attempt["date"]?.stringValue.flatMap { Timestamp($0) })
    }
  }
}
