import Foundation
import MartletWire

/// The error of a failed request as it goes over the wire: `ename`, `evalue` and `traceback`.
struct RaisedError: Error, Sendable, Hashable {
  /// The name of the error's type: Python's name if Python has the same kind of error.
  let name: String
  /// The error's message.
  let value: String
  /// The error itself, if a client may have its type.
  private(set) var thrown: ThrownError?

  init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }

  /// Translates any Swift error.
  init(_ error: any Error) {
    switch error {
    case let raised as RaisedError: self = raised
    case is CancellationError: self = .cancelled
    case let relayed as any RelayedError: self.init(relayed.ename, relayed.evalue)
    case let argument as ArgumentError: self.init("TypeError", argument.description)
    default:
      self.init("\(type(of: error))", Self.text(of: error))
      thrown = ThrownError(error)
    }
  }

  /// What an error says for people: the texts of a `LocalizedError`, its description otherwise.
  private static func text(of error: any Error) -> String {
    guard let localized = error as? any LocalizedError, let text = localized.errorDescription else { return "\(error)" }
    return ([text] + [localized.failureReason, localized.recoverySuggestion].compactMap { $0 }).joined(separator: "; ")
  }

  /// The error of a function that has ended because it was cancelled.
  static let cancelled = RaisedError("CancellationError", "the function has ended with a CancellationError")

  /// The error of a request whose deadline passed before its turn.
  static func tooLate(_ id: String) -> RaisedError {
    RaisedError("TaskTimeout", "the deadline of task \(id) passed before it could start")
  }

  /// The error of a request that has ended because it was told to stop.
  ///
  /// - Parameter limit: how long it was to run, if it had a limit.
  init(_ stop: RequestStage.Stop, limit: Duration?) {
    switch stop {
    case .aborted: self.init("CancellationError", "the task was cancelled while it ran")
    case .timedOut:
      self.init(
        "TimeoutError", "the task was stopped because it ran for longer than \(limit.map { "\($0)" } ?? "it may")")
    }
  }

  /// The error for a request type that Swift engines don't support.
  static func unknown(_ type: String) -> RaisedError {
    RaisedError("NotImplementedError", "a Swift engine does not know the request \(type)")
  }
}
