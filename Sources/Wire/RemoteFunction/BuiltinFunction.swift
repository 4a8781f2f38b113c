/// The calls every engine understands, Swift or Python.
///
/// The raw value is what stands in the `Reference`: a Python engine evaluates it as the expression it is, a Swift
/// engine knows it by its text. Python clients send their own helpers instead, which ``init(_:)`` recognises.
public enum BuiltinFunction: String, Sendable, Hashable, CaseIterable {
  /// Keyword arguments become names of the namespace.
  case push = "globals().update"
  /// One name, or a list of names: gives the value, or a list of values.
  case pull =
    "(lambda names: eval(names, globals()) if isinstance(names, str) else [eval(name, globals()) for name in names])"
  /// A function (a Reference) and one or more sequences: the list of its results.
  case map = "(lambda function, *sequences: list(map(function, *sequences)))"

  /// The built-in call behind what a message asks for, if it is one.
  public init?(_ target: CallTarget) {
    switch target {
    case .reference(let name): self.init(rawValue: name)
    case .canned("ipyparallel.util", "_push"): self = .push
    case .canned("ipyparallel.util", "_pull"): self = .pull
    case .canned("ipyparallel.client.remotefunction", "_map"): self = .map
    case .canned, .other: return nil
    }
  }
}
