/// A function that can be called by name over the wire.
public protocol RemoteCallable: Sendable {
  /// The name it is registered and called under; for Python callers `ipp.Reference(name)`.
  var name: String { get }
  /// What it takes and gives, for people: for example `(String) -> Dictionary<String, Int>`.
  var signature: String { get }
  /// Calls it with values from the wire.
  ///
  /// - Throws: ``ArgumentError`` when the arguments don't fit, or what the function throws.
  func call(_ arguments: CallArguments) async throws -> PickleValue
}

/// The arguments of one call.
public struct CallArguments: Sendable {
  /// By position.
  public var positional: [PickleValue]
  /// By keyword, in the order sent.
  public var keywords: [(String, PickleValue)]

  /// Arguments by position and keyword.
  public init(_ positional: [PickleValue], keywords: [(String, PickleValue)] = []) {
    self.positional = positional
    self.keywords = keywords
  }
}

/// Arguments that don't fit a function: which one, what came, and what it expects.
public struct ArgumentError: Error, Sendable, CustomStringConvertible {
  public let description: String

  /// An error with its explanation.
  public init(_ description: String) { self.description = description }
}
