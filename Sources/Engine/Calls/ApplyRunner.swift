import MartletWire
import MartletZeroMQ

/// Runs `apply_request`s: calls of registered functions and of the functions built into every engine.
struct ApplyRunner: Sendable {
  let functions: FunctionRegistry
  let namespace: Namespace

  /// Decodes the call in a request's buffers, performs it and encodes the result.
  ///
  /// - Throws: ``RaisedError`` for any failure, from malformed buffers to an error thrown by the function.
  func run(_ buffers: [Bytes]) async throws(RaisedError) -> [Bytes] {
    do {
      return ResultBuffers.serialize(try await call(ApplyCall.unpack(buffers)))
    } catch {
      throw RaisedError(error)
    }
  }

  private func call(_ message: ApplyCall) async throws -> PickleValue {
    switch BuiltinFunction(message.function) {
    case .push:
      var pairs: [(String, PickleValue)] = []
      for (name, value) in message.kwargs { pairs.append((name, try namespace.resolve(value))) }
      namespace.update(pairs)
      return .none
    case .pull: return try pull(message)
    case .map: return try await map(message)
    case nil:
      let function = try functions.function(for: message.function, in: namespace)
      return try await function.call(try arguments(message))
    }
  }

  private func arguments(_ message: ApplyCall) throws(RaisedError) -> CallArguments {
    var arguments = CallArguments([])
    arguments.positional.reserveCapacity(message.args.count)
    for value in message.args { arguments.positional.append(try namespace.resolve(value)) }
    for (name, value) in message.kwargs { arguments.keywords.append((name, try namespace.resolve(value))) }
    return arguments
  }

  private func pull(_ message: ApplyCall) throws -> PickleValue {
    guard let wanted = message.args.first, message.args.count == 1 else {
      throw RaisedError("TypeError", "pull takes one argument, a name or a list of names")
    }
    if let name = wanted.stringValue { return try value(pulledAs: name) }
    guard let names = wanted.elements else {
      throw RaisedError("TypeError", "pull takes a name or a list of names, got \(wanted.typeName)")
    }
    return .list(
      try names.map { name in
        guard let name = name.stringValue else {
          throw RaisedError("TypeError", "pull takes names, got \(name.typeName)")
        }
        return try value(pulledAs: name)
      })
  }

  private func value(pulledAs name: String) throws(RaisedError) -> PickleValue {
    guard Identifier.isValid(name) else {
      throw RaisedError("SyntaxError", "'\(name)' is no name: a Swift engine pulls names, not expressions")
    }
    return try namespace.value(of: name)
  }

  private func map(_ message: ApplyCall) async throws -> PickleValue {
    guard let first = message.args.first, case .reference(let name) = first, message.args.count > 1 else {
      throw RaisedError(
        "TypeError",
        "a Swift engine maps a function given by name, ipp.Reference('name'), over sequences: \(functions.summary)")
    }
    let function = try functions.function(for: .reference(name), in: namespace)
    let sequences = try message.args.dropFirst().map { try SequenceElements.of(try namespace.resolve($0)) }
    let count = sequences.map(\.count).min() ?? 0
    var results: [PickleValue] = []
    results.reserveCapacity(count)
    for index in 0..<count {
      try Task.checkCancellation()
      results.append(try await function.call(CallArguments(sequences.map { $0[index] })))
    }
    return .list(results)
  }
}
