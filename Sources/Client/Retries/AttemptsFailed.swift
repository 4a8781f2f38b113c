import MartletWire

/// All attempts at a task have failed: the error of a task that was tried more than once, as its view's ``RetryPolicy`` or its
/// `retries` say.
///
/// Of the attempts that the scheduler has made because of `retries`, the last 16 before the last one are known, each as a
/// ``RemoteError`` with the first 300 characters of its text, or as an ``EngineError``. Only Martlet's controller tells of them, and
/// not of those before its restart.
public struct AttemptsFailed: Error, Sendable, CustomStringConvertible {
  /// What each attempt has thrown, in their order: the function's own error if that is `Codable`, ``RemoteError``,
  /// ``EngineError`` or ``ClientError``.
  public let errors: [any Error]
  /// When each attempt has failed, in their order; `nil` where that is unknown.
  public let dates: [Timestamp?]
  /// The engine's report about the last attempt, if that is where its error comes from.
  public let context: RemoteError?

  /// Makes an error from those of the attempts, of which there is at least one.
  ///
  /// - Parameters:
  ///   - earlier: all attempts but the last one.
  ///   - last: the error of the last attempt.
  ///   - date: when that has failed.
  init(earlier: [FailedAttempt], last: any Error, date: Timestamp?) {
    context = last as? RemoteError
    errors = earlier.map(\.error) + [context?.original ?? last]
    dates = earlier.map(\.date) + [date]
    self.last = context?.original ?? last
  }

  /// What the last attempt has thrown.
  public let last: any Error

  /// What the earlier attempts have thrown, in their order.
  public var earlier: ArraySlice<any Error> { errors.dropLast() }

  /// How many attempts are known, and the errors of the last few.
  public var description: String {
    var lines = ["\(errors.count) attempts failed, the last with: \(context.map { "\($0)" } ?? "\(last)")"]
    let shown = earlier.suffix(CompositeError.descriptionLimit)
    if shown.count < earlier.count { lines.append("  \(earlier.count - shown.count) earlier attempts") }
    for (index, error) in zip(shown.indices, shown) { lines.append("  attempt \(index + 1): \(error)") }
    return lines.joined(separator: "\n")
  }
}

extension Error {
  /// The error of a task whose earlier attempts have failed, too. Whoever has ended a task isn't interested in them.
  ///
  /// - Parameter date: when the last attempt has failed.
  func after(_ earlier: [FailedAttempt], at date: Timestamp?) -> any Error {
    earlier.isEmpty || RetryState.isEnd(self) ? self : AttemptsFailed(earlier: earlier, last: self, date: date)
  }
}
