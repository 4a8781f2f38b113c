import MartletWire
import MartletZeroMQ

/// A Python function: an expression that engines with Python evaluate in their namespace with each call.
///
/// ```swift
/// let square: PythonFunction<Int, Int> = "lambda x: x ** 2"
/// let norm = PythonFunction<NDArray, Double>("np.linalg.norm", imports: "numpy as np")
///
/// let squares = try await client.loadBalanced().map(square, 0..<32).value
/// let norms = try await client[...].apply(norm, array).value
/// ```
/// The last type is that of the result, the others are those of the arguments. The expression may be a lambda, a name
/// such as `len` or `math.sqrt`, or any other one that gives something to call. It sees what was pushed or bound by
/// executed code. One that isn't valid Python, a statement for example, makes the call fail with a ``RemoteError``
/// (`SyntaxError`). The name of a Swift function of the engine is found first.
public struct PythonFunction<each Argument: Codable & Sendable, Output: Codable & Sendable>: Sendable {
  /// The expression.
  public let expression: String
  /// The modules that the expression needs.
  public let imports: [String]
  /// What the engine evaluates.
  let source: String
  /// The frames that name the function in a call.
  let reference: [Bytes]

  /// A function that an expression gives.
  ///
  /// - Parameters:
  ///   - expression: the expression.
  ///   - imports: modules that are imported into the engine's namespace first, written as after `import`: `math`,
  ///     `numpy as np`.
  public init(_ expression: String, imports: String...) {
    self.expression = expression
    self.imports = imports
    source = PythonSource.importing(imports, then: expression)
    reference = ResultBuffers.serialize(.reference(source))
  }
}

extension PythonFunction: ExpressibleByStringLiteral {
  /// A function that needs no imports.
  public init(stringLiteral expression: String) { self.init(expression) }
}

/// Python expressions made from parts.
enum PythonSource {
  /// An expression that imports modules into the namespace in which it is evaluated, and has the value of another one.
  static func importing(_ imports: [String], then expression: String) -> String {
    guard !imports.isEmpty else { return expression }
    let bindings = imports.map(binding).joined(separator: ", ")
    return "(globals().update(\(bindings)), (\(expression)))[1]"
  }

  /// What the statement `import …` binds, as a keyword argument: without `as`, a dotted name binds its first part.
  private static func binding(_ module: String) -> String {
    let words = module.split(separator: " ")
    if words.count == 3, words[1] == "as" {
      return "\(words[2])=__import__('importlib').import_module('\(words[0])')"
    }
    return "\(module.prefix { $0 != "." })=__import__('\(module)')"
  }
}
