/// A function that clients can call by name.
public protocol RemoteCallable: Sendable {
  /// The name under which it is registered and called; Python clients use `ipp.Reference(name)`.
  var name: String { get }
  /// Its argument and result types, for messages: for example `(String) -> Dictionary<String, Int>`.
  var signature: String { get }
  /// How many of its calls may run at once on an engine.
  var concurrency: Int { get }
  /// Calls the function with received values.
  ///
  /// - Throws: ``ArgumentError`` when the arguments don't fit, or the function's error.
  nonisolated(nonsending) func call(_ arguments: CallArguments) async throws -> PickleValue
}

extension RemoteCallable {
  /// One call at a time.
  public var concurrency: Int { 1 }
}

/// The arguments of one call.
public struct CallArguments: Sendable {
  /// The positional arguments.
  public var positional: [PickleValue]
  /// The keyword arguments, in the order sent.
  public var keywords: [(String, PickleValue)]
  /// Those of the positional arguments that are kept for several calls, by position.
  package var kept: [Int: any KeptArgument] = [:]

  /// Positional and keyword arguments.
  public init(_ positional: [PickleValue], keywords: [(String, PickleValue)] = []) {
    self.positional = positional
    self.keywords = keywords
  }
}

/// An argument of several calls, which is decoded once.
package protocol KeptArgument: Sendable {
  /// The decoded value; `nil` if it isn't kept any more.
  func decoded<Value: Decodable & Sendable>(as type: Value.Type) throws -> Value?
}

/// Arguments that don't fit a function: which one, what was received, and what the function expects.
public struct ArgumentError: Error, Sendable, CustomStringConvertible {
  public let description: String

  /// An error with its explanation.
  public init(_ description: String) { self.description = description }
}
