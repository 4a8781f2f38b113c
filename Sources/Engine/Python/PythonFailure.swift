/// Why Python did not answer a request.
enum PythonFailure: Error, Sendable, Hashable {
  /// No interpreter can be used.
  case unavailable(PythonUnavailable)
  /// The request was interrupted while Python started.
  case interrupted
  /// Python ended; the text says how.
  case lost(String)
  /// The engine is leaving, and needs no answer.
  case leaving

  /// The error of the request.
  var raised: RaisedError {
    switch self {
    case .unavailable(let error): error.raised
    case .interrupted: RaisedError("KeyboardInterrupt", "interrupted while Python was starting")
    case .lost(let message): RaisedError("EngineError", message)
    case .leaving: RaisedError("EngineError", "the engine is leaving")
    }
  }
}
