import MartletWire
import MartletZeroMQ

/// What is asked of an engine, packed and ready to be addressed.
struct Call: Sendable {
  let type: String
  /// For error messages, for example `wordCount`.
  let method: String
  var content: [UInt8] = []
  var buffers: [Bytes] = []

  /// A call of the function that has a name on the engine.
  static func apply(
    _ name: String, _ args: [PickleValue], _ kwargs: [(String, PickleValue)] = [], method: String? = nil
  ) -> Call {
    Call(
      type: MessageType.applyRequest, method: method ?? name,
      buffers: ApplyCall.pack(function: name, args: args, kwargs: kwargs))
  }

  /// A call of a typed function.
  ///
  /// - Throws: ``ClientError/Code/invalidArgument`` for an argument that doesn't encode.
  static func apply<each Argument: Codable & Sendable, Output>(
    _ function: RemoteFunction<repeat each Argument, Output>, _ arguments: repeat each Argument
  ) throws(ClientError) -> Call {
    var args: [PickleValue] = []
    for argument in repeat each arguments {
      args.append(try encode(argument, of: function.name))
    }
    return Call(
      type: MessageType.applyRequest, method: function.name,
      buffers: ApplyCall.pack(functionFrames: function.reference, args: args))
  }

  /// A call of a function with each item of a list.
  static func map(_ name: String, _ items: [PickleValue]) -> Call {
    apply(BuiltinFunction.map.rawValue, [.reference(name), .list(items)], method: "map(\(name))")
  }

  /// Execution of source code.
  static func execute(_ code: String, silent: Bool) -> Call {
    let content: JSONValue = ["code": .string(code), "silent": .bool(silent), "user_expressions": [:]]
    var text: [UInt8] = []
    content.write(into: &text)
    return Call(type: MessageType.executeRequest, method: "execute", content: text)
  }

  /// A value as it will be sent.
  ///
  /// - Throws: ``ClientError/Code/invalidArgument``.
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

extension Client {
  /// Sends a call to one engine.
  func send(
    _ call: Call, to engine: EngineIdentity, metadata: [UInt8], collectsOutput: Bool, state: ResultState, slot: Int
  ) {
    let id = messageIDs.next()
    let engines = [engine]
    guard state.begin(slot, id: id, engines: engines, outputs: collectsOutput ? 1 : 0) else { return }
    connection.submit(
      Request(
        channel: .mux, type: call.type, id: id, target: engine.frame, metadata: metadata, content: call.content,
        buffers: call.buffers,
        expected: [
          ExpectedReply(
            id: id, engines: engines,
            destination: Destination(state: state, slot: slot, collectsOutput: collectsOutput))
        ]))
  }

  /// Sends a call to the task scheduler.
  func schedule(_ call: Call, metadata: [UInt8], collectsOutput: Bool, state: ResultState, slot: Int) {
    let id = messageIDs.next()
    guard state.begin(slot, id: id, engines: [], outputs: collectsOutput ? 1 : 0) else { return }
    connection.submit(
      Request(
        channel: .task, type: call.type, id: id, metadata: metadata, content: call.content, buffers: call.buffers,
        expected: [
          ExpectedReply(
            id: id, engines: [],
            destination: Destination(state: state, slot: slot, collectsOutput: collectsOutput))
        ]))
  }
}
