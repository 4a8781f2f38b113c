import MartletWire

/// Carries out `execute_request`s: names, literals and assignments of them.
struct ExecuteRunner: Sendable {
  let namespace: Namespace

  /// Executes a piece of code; nothing of it happens when it cannot be read.
  ///
  /// - Returns: the value of the last statement when it is an expression other than `None`, which Python would show.
  /// - Throws: ``RaisedError``: SyntaxError or NameError.
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
