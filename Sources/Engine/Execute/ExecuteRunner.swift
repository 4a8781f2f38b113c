import MartletWire

/// Runs the code of `execute_request`s: names, literals and assignments of them.
struct ExecuteRunner: Sendable {
  let namespace: Namespace

  /// Whether a piece of code consists of names, literals and assignments, and all names have values.
  func canRun(_ code: String) -> Bool {
    guard let statements = try? StatementParser.parse(code) else { return false }
    var assigned: Set<String> = []
    for statement in statements {
      switch statement {
      case .expression(let expression):
        if !expression.names.isSubset(of: assigned, or: namespace) { return false }
      case .assignment(let names, let expression):
        if !expression.names.isSubset(of: assigned, or: namespace) { return false }
        assigned.formUnion(names)
      }
    }
    return true
  }

  /// Runs a piece of code. Code that can't be parsed changes nothing.
  ///
  /// - Returns: the value that Python would show, which is that of the last statement if it is an expression other than
  ///   `None`.
  /// - Throws: ``RaisedError``, a SyntaxError or NameError.
  func run(_ code: String) throws(RaisedError) -> PickleValue? {
    var shown: PickleValue?
    for statement in try StatementParser.parse(code) {
      switch statement {
      case .expression(let expression):
        let value = try expression.evaluate(in: namespace)
        shown = value == .none ? nil : value
      case .assignment(let names, let expression):
        let value = try expression.evaluate(in: namespace)
        namespace.update(names.map { ($0, value) })
        shown = nil
      }
    }
    return shown
  }
}

extension Set<String> {
  /// Whether each of the names is in a set or has a value.
  fileprivate func isSubset(of assigned: Set<String>, or namespace: Namespace) -> Bool {
    allSatisfy { assigned.contains($0) || namespace.holds($0) }
  }
}
