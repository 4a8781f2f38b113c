import MartletWire

/// Several engines that get each call from one message, which the controller multiplies: cheaper than a
/// ``DirectView`` for large arguments and many engines.
public struct BroadcastView: Sendable {
  /// The client whose engines these are.
  public let client: Client
  /// Which engines; they are looked up with each call.
  public let targets: EngineTargets
  /// Whether the controller sends the results back as one message.
  public let isCoalescing: Bool
  /// Whether the engines' output is collected. Without it tasks cost the client and the engines less.
  public var collectsOutput = true
  /// An arbitrary text that comes back with the tasks' metadata.
  public var label: String?

  init(client: Client, targets: EngineTargets, isCoalescing: Bool) {
    self.client = client
    self.targets = targets
    self.isCoalescing = isCoalescing
  }

  /// Calls a typed function on every engine.
  ///
  /// - Throws: ``ClientError`` when an engine doesn't exist or an argument can't be sent.
  public func apply<each Argument: Codable & Sendable, Output: Codable & Sendable>(
    _ function: RemoteFunction<repeat each Argument, Output>, _ arguments: repeat each Argument
  ) throws -> AsyncResult<[Output]> {
    try send(try Call.apply(function, repeat each arguments))
  }

  /// Calls a function by name, see ``DirectView/apply(name:args:kwargs:as:)``.
  ///
  /// - Throws: ``ClientError`` when an engine doesn't exist.
  public func apply<Output: Codable & Sendable>(
    name: String, args: [PickleValue] = [], kwargs: [(String, PickleValue)] = [],
    as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<[Output]> {
    try send(.apply(name, args, kwargs))
  }

  /// Sets names in the namespace of every engine. Success is known when all engines have answered.
  ///
  /// - Throws: ``ClientError`` when an engine doesn't exist or a value can't be sent.
  public func push(_ values: [String: any Encodable & Sendable]) throws -> AsyncResult<Void> {
    try send(try DirectView.pushCall(values), shape: .nothing)
  }

  /// Executes source code in the namespace of every engine. Replies to code can't be coalesced.
  ///
  /// - Throws: ``ClientError`` when an engine doesn't exist or the view is coalescing.
  public func execute(_ code: String, silent: Bool = true) throws -> AsyncResult<[ExecuteReply]> {
    guard !isCoalescing else {
      throw ClientError(.invalidArgument, "execute does not work with a coalescing broadcast view")
    }
    return try send(.execute(code, silent: silent), shape: .list(ExecuteReply.read))
  }

  private func send<Output: Codable & Sendable>(_ call: Call) throws -> AsyncResult<[Output]> {
    let method = call.method
    guard isCoalescing else {
      return try send(call, shape: .list { try ReplyDecoding.value($0, of: method, as: Output.self) })
    }
    let order = try client.resolve(targets).map(\.uuid)
    return try send(
      call,
      shape: .chunks(start: { _ in 0 }) { reply in
        try CoalescedReply.values(reply, of: method, order: order, as: Output.self)
      })
  }

  private func send<Value>(_ call: Call, shape: ResultShape<Value>) throws -> AsyncResult<Value> {
    let engines = try client.resolve(targets)
    let id = client.messageIDs.next()
    let state = ResultState(total: isCoalescing ? 1 : engines.count, method: call.method, label: label)
    var expected: [ExpectedReply] = []
    // Engines see the request under an id of their own, so their replies and output refer to that.
    let ids = engines.map { "\(id)_\($0.uuid)" }
    if isCoalescing {
      _ = state.begin(0, id: id, engines: engines, outputs: collectsOutput ? engines.count : 0)
      expected.append(
        ExpectedReply(
          id: id, engines: engines, destination: Destination(state: state, slot: 0),
          outputIDs: collectsOutput ? ids : []))
    } else {
      for (slot, engine) in engines.enumerated() {
        _ = state.begin(slot, id: ids[slot], engines: [engine], outputs: collectsOutput ? 1 : 0)
        expected.append(
          ExpectedReply(
            id: ids[slot], engines: [engine],
            destination: Destination(state: state, slot: slot, collectsOutput: collectsOutput)))
      }
    }
    client.connection.submit(
      Request(
        channel: .broadcast, type: call.type, id: id, metadata: metadata(engines), content: call.content,
        buffers: call.buffers, expected: expected))
    return AsyncResult(client: client, state: state, shape: shape)
  }

  private func metadata(_ engines: [EngineIdentity]) -> [UInt8] {
    var fields: [String: JSONValue] = [
      "is_broadcast": true, "is_coalescing": .bool(isCoalescing),
      "targets": .array(engines.map { [.string($0.uuid), .int($0.id)] }),
    ]
    if let label { fields["label"] = .string(label) }
    // A coalesced reply does not tell how much each engine has published: only their status does.
    if !collectsOutput || !isCoalescing { fields["no_status"] = true }
    return RequestMetadata.text(fields)
  }
}

/// Reads the reply that stands for those of several engines.
enum CoalescedReply {
  /// The values in the order the engines were asked.
  ///
  /// - Throws: ``ClientError/Code/malformedReply`` when not every engine has given one, ``ClientError/Code/wrongResultType``.
  static func values<Output: Decodable>(
    _ reply: TaskReply, of method: String, order: [String], as type: Output.Type
  ) throws -> [Output] {
    let values = try ReplyDecoding.values(reply, of: method, as: type)
    let answered = (reply.metadata["broadcast_targets"]?.arrayValue ?? []).compactMap { $0[0]?.stringValue }
    guard values.count == order.count else {
      throw ClientError(
        .malformedReply,
        "\(method): \(values.count) of \(order.count) engines gave a result; a coalesced reply does not carry errors")
    }
    guard answered.count == values.count else { return values }
    let found = Dictionary(zip(answered, values), uniquingKeysWith: { first, _ in first })
    let sorted = order.compactMap { found[$0] }
    return sorted.count == values.count ? sorted : values
  }
}
