/// No interpreter can run Python code: which were tried, and why each of them failed.
struct PythonUnavailable: Error, Sendable, Hashable, CustomStringConvertible {
  /// An interpreter that was tried.
  struct Attempt: Sendable, Hashable {
    let candidate: PythonCandidate
    let reason: String
  }

  let attempts: [Attempt]

  var description: String {
    let tried = attempts.map { "\($0.candidate.description): \($0.reason)" }.joined(separator: "; ")
    return "this engine found no Python to run this with. Tried: \(tried). "
      + "Install ipyparallel for one of them (python3 -m pip install ipyparallel), "
      + "or name another with --python or \(PythonLocator.interpreterVariable)"
  }

  /// The error of a request that needs Python.
  var raised: RaisedError { RaisedError("PythonUnavailable", description) }
}
