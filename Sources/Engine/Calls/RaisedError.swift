import MartletWire

/// A task that could not be carried out because of an earlier condition that doesn't hold on this engine.
///
/// Thrown by a function, it makes the scheduler try the task on another engine.
public struct UnmetDependency: Error, Sendable, CustomStringConvertible {
  public let description: String

  /// An unmet dependency with its explanation.
  public init(_ description: String = "a dependency is not met on this engine") { self.description = description }
}

/// A failed request in the terms of the wire: `ename`, `evalue` and `traceback`.
struct RaisedError: Error, Sendable, Hashable {
  /// The name of the error's type; a Python name where Python has the same kind of error.
  let name: String
  /// What it says.
  let value: String

  init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }

  /// What stands for any Swift error.
  init(_ error: any Error) {
    switch error {
    case let raised as RaisedError: self = raised
    case let argument as ArgumentError: self.init("TypeError", argument.description)
    default: self.init("\(type(of: error))", "\(error)")
    }
  }
}
