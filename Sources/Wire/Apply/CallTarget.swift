import MartletZeroMQ

/// The function that an apply message asks to call.
public enum CallTarget: Sendable, Hashable {
  /// The function with this name on the engine, an ipyparallel `Reference`.
  case reference(String)
  /// A Python function with its module and name, either canned with its code or pickled by name.
  case canned(module: String, name: String)
  /// Any other Python callable; the text describes it in error messages.
  case other(String)

  /// Classifies an uncanned function value.
  init(_ function: PickleValue) {
    switch function {
    case .reference(let name): self = .reference(name)
    case .global(let module, let name): self = .canned(module: module, name: name)
    case .record(let record):
      if let (module, name) = record.cannedFunction {
        self = .canned(module: module, name: name)
      } else {
        self = .other("\(record.module).\(record.name)")
      }
    default: self = .other(function.typeName)
    }
  }
}
