/// An interpreter that may be able to run Python code for an engine.
struct PythonCandidate: Sendable, Hashable {
  /// Its path; `nil` when what names it leads to no program.
  let path: String?
  /// What names it, for error messages: an option, a variable or a name.
  let origin: String

  /// The candidate in an error message.
  var description: String { path.map { "\($0) (\(origin))" } ?? origin }
}
