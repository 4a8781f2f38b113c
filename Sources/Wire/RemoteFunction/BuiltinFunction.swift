/// The calls that every engine understands, Swift or Python.
///
/// The raw value is the name in the `Reference`: a Python engine evaluates it as an expression, and a Swift engine knows
/// its text. Python clients send their own helper functions instead, which ``init(_:)`` recognises.
package enum BuiltinFunction: String, Sendable, Hashable, CaseIterable {
  /// Assigns the keyword arguments to names in the namespace.
  case push = "globals().update"
  /// Takes a name or a list of names and returns the value or a list of the values.
  case pull =
    "(lambda names: eval(names, globals()) if isinstance(names, str) else [eval(name, globals()) for name in names])"
  /// Takes a function (a Reference) and one or more sequences and returns the list of results.
  case map = "(lambda function, *sequences: list(map(function, *sequences)))"
  /// Takes a function (a Reference), a number, as many arguments and one or more sequences, and returns the list of results of
  /// the function with an item of each sequence and then these arguments.
  case mapWith =
    "(lambda function, count, *rest: list(map(lambda *items: function(*items, *rest[:count]), *rest[count:])))"

  /// Takes a name, a function (a Reference) and its arguments; assigns the result to the name and returns a list of its type's
  /// name and its size in bytes.
  case keep =
    "(lambda name, function, *args: [globals().__setitem__(name, function(*args)), [type(globals()[name]).__name__, __import__('sys').getsizeof(globals()[name])]][1])"
  /// Takes names and removes them, those that exist.
  case drop = "(lambda *names: [globals().pop(name, None) for name in names] and None)"

  /// The built-in call that a message asks for, if it is one.
  package init?(_ target: CallTarget) {
    switch target {
    case .reference(let name):
      // Names of functions are not compared with all of them: these are expressions.
      guard name.utf8.contains(UInt8(ascii: "(")) else { return nil }
      self.init(rawValue: name)
    case .canned("ipyparallel.util", "_push"): self = .push
    case .canned("ipyparallel.util", "_pull"): self = .pull
    case .canned("ipyparallel.client.remotefunction", "_map"): self = .map
    case .canned, .other: return nil
    }
  }
}
