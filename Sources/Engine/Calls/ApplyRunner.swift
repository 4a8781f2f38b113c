import MartletWire
import MartletZeroMQ

/// Runs `apply_request`s: calls of registered functions and of the functions built into every engine. Tells which calls are
/// for Python.
struct ApplyRunner: Sendable {
  let functions: FunctionRegistry
  let namespace: Namespace
  /// Whether there is a Python for what Swift can't run.
  var hasPython = false
  /// How long names are kept for clients.
  var leases = NameLeases()

  /// Decodes a call, performs it and encodes the result.
  ///
  /// - Parameter head: what is called; not asked for if the call can only be for Python.
  /// - Returns: `nil` if the call is for Python.
  /// - Throws: ``RaisedError`` for any failure, from malformed buffers to an error thrown by the function.
  nonisolated(nonsending) func run(
    _ head: @autoclosure () throws(PickleError) -> CallHead
  ) async throws(RaisedError) -> [Bytes]? {
    if hasPython, functions.isEmpty, namespace.isPythons { return nil }
    do {
      guard let value = try await call(head()) else { return nil }
      return ResultBuffers.serialize(value)
    } catch is PickleError where hasPython {
      // What Swift can't read, Python may.
      return nil
    } catch {
      throw RaisedError(error)
    }
  }

  /// The function that a request calls, itself or with each item of a list, if several of its calls may run at once.
  func concurrentFunction(of request: Request) -> (any RemoteCallable)? {
    guard functions.hasConcurrent, let function = registeredFunction(of: request), function.concurrency > 1 else {
      return nil
    }
    return function
  }

  /// The type of actors that a request is about.
  func actorType(of request: Request) -> (any ActorType)? {
    functions.hasActors ? registeredFunction(of: request) as? any ActorType : nil
  }

  private func registeredFunction(of request: Request) -> (any RemoteCallable)? {
    guard request.type == MessageType.applyRequest, let head = try? request.head() else { return nil }
    let called =
      switch head.builtin {
      case .map, .mapWith: head.firstArgument
      default: nil as PickleValue?
      }
    switch (called, head.target) {
    case (.reference(let name)?, _), (nil, .reference(let name)): return functions[name]
    default: return nil
    }
  }

  /// The error of a call for Python when no Python can be used.
  func failure(of head: CallHead?, _ error: PythonUnavailable) -> RaisedError {
    guard case .reference(let name)? = head?.target, Identifier.isValid(name) else { return error.raised }
    return RaisedError(
      "NameError", "name '\(name)' is not defined in Swift: \(functions.summary). It may be Python's, but \(error)")
  }

  nonisolated(nonsending) private func call(_ head: CallHead) async throws -> PickleValue? {
    switch head.builtin {
    case .push:
      if namespace.isPythons { return nil }
      return try push(head.unpacked())
    case .pull:
      if namespace.isPythons { return nil }
      return try pull(head.unpacked())
    case .map, .mapWith:
      if hasPython {
        guard case .reference(let name)? = head.firstArgument, functions[name] != nil else { return nil }
      }
      return try await map(head.unpacked(), hasGiven: head.builtin == .mapWith)
    case .keep:
      let message = try head.unpacked()
      if hasPython {
        guard message.args.count > 1, case .reference(let name) = message.args[1], functions[name] != nil else {
          return nil
        }
      }
      return try await keep(message)
    case .drop:
      try drop(head.unpacked())
      // Is told of the removals before it runs this.
      return namespace.isPythons ? nil : PickleValue.none
    case nil:
      if hasPython {
        guard case .reference(let name) = head.target, functions[name] != nil else { return nil }
      }
      let function = try functions.function(for: head.target, in: namespace)
      let message = try head.unpacked()
      var arguments = try arguments(message.args)
      for (name, value) in message.kwargs { arguments.keywords.append((name, try namespace.resolve(value))) }
      return try await function.call(arguments)
    }
  }

  /// Positional arguments, some of which may be names of values.
  ///
  /// - Parameter items: those that come before, which are values.
  private func arguments(
    _ values: some Collection<PickleValue>, after items: [PickleValue] = []
  ) throws(RaisedError) -> CallArguments {
    var arguments = CallArguments(items)
    arguments.positional.reserveCapacity(items.count + values.count)
    for value in values {
      if case .reference(let name) = value {
        arguments.kept[arguments.positional.count] = NamedArgument(name: name, namespace: namespace)
      }
      arguments.positional.append(try namespace.resolve(value))
    }
    return arguments
  }

  /// - Returns: `nil` if the values are objects or expressions of Python's.
  private func push(_ message: ApplyCall) throws(RaisedError) -> PickleValue? {
    var pairs: [(String, PickleValue)] = []
    for (name, value) in message.kwargs {
      do throws(RaisedError) {
        pairs.append((name, try namespace.resolve(value)))
      } catch {
        if hasPython { return nil }
        throw error
      }
    }
    if hasPython, !message.args.isEmpty || !pairs.allSatisfy({ $0.1.isPlain }) { return nil }
    namespace.update(pairs)
    return PickleValue.none
  }

  /// - Returns: `nil` if what is asked for is not a name but an expression, for Python.
  private func pull(_ message: ApplyCall) throws(RaisedError) -> PickleValue? {
    guard let wanted = message.args.first, message.args.count == 1 else {
      if hasPython { return nil }
      throw RaisedError("TypeError", "pull takes one argument, a name or a list of names")
    }
    if let name = wanted.stringValue {
      if hasPython, !Identifier.isValid(name) { return nil }
      return try value(pulledAs: name)
    }
    guard let names = wanted.elements else {
      if hasPython { return nil }
      throw RaisedError("TypeError", "pull takes a name or a list of names, got \(wanted.typeName)")
    }
    var values: [PickleValue] = []
    for name in names {
      guard let name = name.stringValue else {
        if hasPython { return nil }
        throw RaisedError("TypeError", "pull takes names, got \(name.typeName)")
      }
      if hasPython, !Identifier.isValid(name) { return nil }
      values.append(try value(pulledAs: name))
    }
    return .list(values)
  }

  private func value(pulledAs name: String) throws(RaisedError) -> PickleValue {
    guard Identifier.isValid(name) else {
      throw RaisedError("SyntaxError", "'\(name)' is not a name: a Swift engine pulls names, not expressions")
    }
    return try namespace.value(of: name)
  }

  nonisolated(nonsending) private func keep(_ message: ApplyCall) async throws -> PickleValue {
    guard message.args.count > 1, let name = message.args[0].stringValue, Identifier.isValid(name),
      case .reference(let functionName) = message.args[1]
    else {
      throw RaisedError(
        "TypeError",
        "a Swift engine keeps results under names, of functions given by name, ipp.Reference('name'): \(functions.summary)"
      )
    }
    let function = try functions.function(for: .reference(functionName), in: namespace)
    let value = try await function.call(try arguments(message.args.dropFirst(2)))
    namespace.set(name, to: value)
    return .list([.string(value.typeName), .int(value.approximateSize)])
  }

  private func drop(_ message: ApplyCall) throws(RaisedError) {
    for value in message.args {
      guard let name = value.stringValue else {
        throw RaisedError("TypeError", "drop takes names, got \(value.typeName)")
      }
      namespace.set(name, to: nil)
      leases.forget(name)
    }
  }

  /// - Parameter hasGiven: whether a number comes before the sequences, and as many arguments that are the same for all items.
  nonisolated(nonsending) private func map(_ message: ApplyCall, hasGiven: Bool) async throws -> PickleValue {
    var rest = message.args[...]
    guard case .reference(let name)? = rest.popFirst() else { throw notMappable }
    let givenCount = hasGiven ? rest.popFirst()?.intValue ?? -1 : 0
    guard givenCount >= 0, rest.count > givenCount else { throw notMappable }
    let function = try functions.function(for: .reference(name), in: namespace)
    let given = rest.prefix(givenCount)
    let sequences = try rest.dropFirst(givenCount).map { try SequenceElements.of(try namespace.resolve($0)) }
    let count = sequences.map(\.count).min() ?? 0
    var results: [PickleValue] = []
    results.reserveCapacity(count)
    for index in 0..<count {
      try Task.checkCancellation()
      results.append(try await function.call(try arguments(given, after: sequences.map { $0[index] })))
    }
    let list = PickleValue.list(results)
    try list.checkSize()
    return list
  }

  private var notMappable: RaisedError {
    RaisedError(
      "TypeError",
      "a Swift engine maps a function given by name, ipp.Reference('name'), over sequences: \(functions.summary)")
  }
}
