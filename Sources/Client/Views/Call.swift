import MartletWire
import MartletZeroMQ

/// The packed content of a request, before it is addressed to an engine or a scheduler.
struct Call: Sendable {
  let type: String
  /// What is called, for error messages, for example `wordCount`.
  let method: String
  var content: [UInt8] = []
  var buffers: [Bytes] = []

  /// A call of the function that has this name on the engine.
  static func apply(
    _ name: String, _ args: [PickleValue], _ kwargs: [(String, PickleValue)] = [], method: String? = nil
  ) -> Call {
    Call(
      type: MessageType.applyRequest, method: method ?? name,
      buffers: ApplyCall.pack(function: name, args: args, kwargs: kwargs))
  }

  /// A call by name with a caller's arguments.
  ///
  /// - Throws: ``ClientError/Code/invalidArgument`` if no engine would accept an argument.
  static func checked(
    _ name: String, _ args: [PickleValue], _ kwargs: [(String, PickleValue)]
  ) throws(ClientError) -> Call {
    for value in args { try check(value, of: name) }
    for (_, value) in kwargs { try check(value, of: name) }
    return apply(name, args, kwargs)
  }

  /// A call of a typed function.
  ///
  /// - Throws: ``ClientError/Code/invalidArgument`` if an argument can't be encoded.
  static func apply<each Argument: Codable & Sendable, Output>(
    _ function: RemoteFunction<repeat each Argument, Output>, _ arguments: repeat each Argument
  ) throws(ClientError) -> Call {
    try apply(function.reference, repeat each arguments, method: function.name)
  }

  /// A call of a Python function.
  ///
  /// - Throws: ``ClientError/Code/invalidArgument`` if an argument can't be encoded.
  static func apply<each Argument: Codable & Sendable, Output>(
    _ function: PythonFunction<repeat each Argument, Output>, _ arguments: repeat each Argument
  ) throws(ClientError) -> Call {
    try apply(function.reference, repeat each arguments, method: function.expression)
  }

  private static func apply<each Argument: Encodable & Sendable>(
    _ function: [Bytes], _ arguments: repeat each Argument, method: String
  ) throws(ClientError) -> Call {
    var args: [PickleValue] = []
    for argument in repeat each arguments {
      args.append(try encode(argument, of: method))
    }
    return Call(
      type: MessageType.applyRequest, method: method, buffers: ApplyCall.pack(functionFrames: function, args: args))
  }

  /// Calls of a function with each item of a list.
  ///
  /// - Throws: ``ClientError/Code/invalidArgument`` if no engine would accept the items.
  static func map(_ name: String, _ items: [PickleValue], method: String) throws(ClientError) -> Call {
    try map(name, columns: [items], method: method)
  }

  /// Calls of a function with the first items of some lists, with the second ones, and so on.
  ///
  /// - Parameter given: the arguments behind those of the lists, the same in each call.
  /// - Throws: as ``map(_:_:method:)``.
  static func map(
    _ name: String, columns: [[PickleValue]], given: [PickleValue] = [], method: String
  ) throws(ClientError) -> Call {
    let lists = columns.map { PickleValue.list($0) }
    for list in lists { try check(list, of: method) }
    guard !given.isEmpty else {
      return apply(BuiltinFunction.map.rawValue, [.reference(name)] + lists, method: method)
    }
    return apply(
      BuiltinFunction.mapWith.rawValue, [.reference(name), .int(given.count)] + given + lists, method: method)
  }

  /// The execution of source code.
  static func execute(_ code: String, silent: Bool) -> Call {
    // An error is thrown to whoever waits for this code. What others have queued behind it runs.
    let content: JSONValue = [
      "code": .string(code), "silent": .bool(silent), "stop_on_error": false, "user_expressions": [:],
    ]
    var text: [UInt8] = []
    content.write(into: &text)
    return Call(type: MessageType.executeRequest, method: "execute", content: text)
  }

  /// Checks that an engine will accept a value.
  private static func check(_ value: PickleValue, of method: String) throws(ClientError) {
    do throws(PickleError) {
      try value.checkSize()
    } catch {
      throw ClientError(.invalidArgument, "\(method): an argument can't be sent: \(error.message)", underlying: error)
    }
  }

  /// Encodes an argument.
  ///
  /// - Throws: ``ClientError/Code/invalidArgument`` if the value can't be encoded.
  static func encode(_ value: some Encodable, of method: String) throws(ClientError) -> PickleValue {
    do {
      return try PickleValue(encoding: value)
    } catch {
      throw ClientError(
        .invalidArgument, "\(method): an argument of type \(Swift.type(of: value)) can't be sent: \(error)",
        underlying: error)
    }
  }
}
