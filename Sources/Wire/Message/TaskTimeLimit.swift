import MartletZeroMQ

/// The limits of a task's time in its metadata, which schedulers and engines read.
public enum TaskTimeLimit {
  /// A number of seconds; `nil` for null and zero, which mean no limit. At most 10⁹ of them.
  ///
  /// - Throws: ``WireError/Code/malformedJSON``.
  public static func duration(
    _ span: Span<UInt8>, at range: Range<Int>, _ key: @autoclosure () -> String
  ) throws(WireError) -> Duration? {
    if JSONText.isNull(span, at: range) { return nil }
    let time = try time(JSONText.json(span, at: range), "metadata \(key())")
    return time == .zero ? nil : time
  }

  /// A number of seconds; `nil` for null. At most 10⁹ of them.
  ///
  /// - Throws: ``WireError/Code/malformedJSON``.
  package static func time(_ json: JSONValue, _ field: @autoclosure () -> String) throws(WireError) -> Duration? {
    if json == .null { return nil }
    guard let seconds = json.doubleValue, seconds.isFinite, seconds >= 0 else {
      throw WireError(.malformedJSON, "\(field()) is not a number of seconds")
    }
    return .seconds(min(seconds, 1e9))
  }

  /// How long it is to a date, at most 10⁹ s; negative if it has passed.
  public static func distance(from now: Timestamp, to date: Timestamp) -> Duration {
    min(max(date - now, .seconds(-1e9)), .seconds(1e9))
  }

  /// A date; `nil` for null.
  ///
  /// - Throws: ``WireError/Code/malformedJSON``.
  public static func date(
    _ span: Span<UInt8>, at range: Range<Int>, _ key: @autoclosure () -> String
  ) throws(WireError) -> Timestamp? {
    if JSONText.isNull(span, at: range) { return nil }
    guard case .string(let text) = try JSONText.json(span, at: range), let date = Timestamp(text) else {
      throw WireError(.malformedJSON, "metadata \(key()) is not a date in ISO 8601")
    }
    return date
  }
}
