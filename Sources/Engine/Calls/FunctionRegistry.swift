import MartletWire

/// An engine's functions by name.
struct FunctionRegistry: Sendable {
  private let functions: [String: any RemoteCallable]
  /// Whether there is one of which several calls may run at once.
  let hasConcurrent: Bool
  /// Whether there is a type of actors.
  let hasActors: Bool

  /// Creates a registry.
  ///
  /// - Throws: ``EngineRunError/Code/duplicateFunction`` when two functions have the same name or one has the name of
  ///   a built-in function.
  init(_ functions: [any RemoteCallable]) throws(EngineRunError) {
    var byName: [String: any RemoteCallable] = [:]
    for function in functions {
      guard BuiltinFunction(rawValue: function.name) == nil,
        byName.updateValue(function, forKey: function.name) == nil
      else { throw EngineRunError(.duplicateFunction, "the name \(function.name) is registered twice") }
    }
    self.functions = byName
    hasConcurrent = byName.values.contains { $0.concurrency > 1 }
    hasActors = byName.values.contains { $0 is any ActorType }
  }

  /// Whether there is none.
  var isEmpty: Bool { functions.isEmpty }

  /// What it takes to decode actors among arguments.
  func decodingInfo(on engine: EngineContext) -> [CodingUserInfoKey: any Sendable] {
    functions.values.lazy.compactMap { $0 as? any ActorType }.first?.decodingInfo(on: engine) ?? [:]
  }

  subscript(name: String) -> (any RemoteCallable)? { functions[name] }

  /// The functions and their signatures, for error messages.
  var summary: String {
    guard !functions.isEmpty else { return "no function is registered" }
    let all = functions.values.sorted { $0.name < $1.name }
    let shown = all.prefix(20).map { "\($0.name)\($0.signature)" }.joined(separator: ", ")
    return "registered are \(shown)\(all.count > 20 ? " and \(all.count - 20) more" : "")"
  }

  /// Looks up the function to call.
  func function(for target: CallTarget, in namespace: Namespace) throws(RaisedError) -> any RemoteCallable {
    switch target {
    case .reference(let name):
      if let function = functions[name] { return function }
      if let value = try namespace.lookUp(name) {
        throw RaisedError("TypeError", "'\(value.typeName)' object is not callable: \(name) is a value; \(summary)")
      }
      throw RaisedError("NameError", "name '\(name)' is not defined on this Swift engine: \(summary)")
    case .canned(let module, let name):
      throw RaisedError(
        "TypeError",
        "this is a Swift engine, which can't run the Python function \(module).\(name); "
          + "call a function by name, for example ipp.Reference('name'): \(summary)")
    case .other(let description):
      throw RaisedError(
        "TypeError", "this is a Swift engine, which can't call a \(description); call a function by name: \(summary)")
    }
  }
}
