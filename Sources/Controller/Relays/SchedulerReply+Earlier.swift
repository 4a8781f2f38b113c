import MartletWire
import MartletZeroMQ

/// What the reply to a task that has failed tells of the attempts before.
extension SchedulerReply {
  /// The key in the reply's metadata.
  static let earlierKey = "earlier"
  /// How many characters of an error are told.
  private static let nameLimit = 100
  private static let textLimit = 300

  /// The reply to a task that failed before an engine could answer, but after other attempts.
  static func failure(_ reason: TaskFailureReason, after failures: [FailedAttempt]?, taskID: String) -> Parts {
    var parts = failure(reason, taskID: taskID)
    if let failures {
      let earlier = [earlierKey: earlier(failures, taskID: taskID)]
      parts.metadata = .object((parts.metadata.objectValue ?? [:]).merging(earlier) { $1 })
    }
    return parts
  }

  /// A list of `{attempt, ename, evalue, engine, date}`.
  static func earlier(_ failures: [FailedAttempt], taskID: String) -> JSONValue {
    let (clock, date) = (Instant.now, Timestamp.now)
    return .array(
      failures.map { failure in
        let (name, text) = error(failure.cause, taskID: taskID)
        return [
          "attempt": .int(failure.number), "ename": .string(name), "evalue": .string(text),
          "engine": .string(failure.engine.rawValue),
          "date": .string(date.advanced(by: failure.time - clock).text),
        ]
      })
  }

  private static func error(_ cause: FailedAttempt.Cause, taskID: String) -> (name: String, text: String) {
    switch cause {
    case .error(let name, let text): return (name, text)
    case .ended(let reason):
      let content = failure(reason, taskID: taskID).content
      return (content["ename"]?.stringValue ?? "Error", content["evalue"]?.stringValue ?? "")
    }
  }

  /// The error in an engine's reply, as much as is kept of it.
  static func cause(in reply: HeldMessage) -> FailedAttempt.Cause {
    var (name, text) = ("Error", "")
    reply.frames.shared(reply.layout.content).withSpan { span in
      try? JSONFields.scan(span) { (key: JSONKey, value: Range<Int>) throws(WireError) in
        switch key {
        case "ename": name = try JSONText.optionalString(span, at: value) ?? name
        case "evalue": text = try JSONText.optionalString(span, at: value) ?? text
        default: break
        }
      }
    }
    return .error(name: shortened(name, to: nameLimit), text: shortened(text, to: textLimit))
  }

  private static func shortened(_ text: String, to limit: Int) -> String {
    let scalars = text.unicodeScalars
    guard scalars.count > limit else { return text }
    return String(String.UnicodeScalarView(scalars.prefix(limit))) + "…"
  }
}
