import MartletWire

/// A view that sends one message for all its engines, which the controller multiplies.
///
/// With large arguments and many engines this costs less than a ``DirectView``, which sends one message to each engine.
/// Results come in the order of the engines.
public struct BroadcastView: Sendable {
  /// The client the view belongs to.
  public let client: Client
  /// The view's engines, which are looked up with each call. None may be named twice.
  public let targets: EngineTargets
  /// Whether the controller combines the results in one message.
  public let isCoalescing: Bool
  /// Whether the client collects what tasks print and display. Turning it off saves the client and the engines work.
  public var collectsOutput = true
  /// A text to find the tasks by: it is in their ``TaskMetadata`` and in the hub's records.
  public var label: String?
  /// How long a task may run before its engine stops it, as ``AsyncResult/cancel(running:endingEngineAfter:)`` does; it then fails with a
  /// ``RemoteError`` named `TimeoutError`, unless it ends with a result all the same. Default `nil`: no limit, as for zero.
  /// Must not be negative. Only Martlet's engines know this option.
  public var executionTimeout: Duration?
  /// How long a task may go on after it was told to stop, by ``AsyncResult/cancel(running:endingEngineAfter:)`` or
  /// ``executionTimeout``, before its engine is ended, because code that ignores its cancellation can't be stopped otherwise: the
  /// task then fails with ``EngineError``, and a cluster with `restartsEngines` replaces the engine. Zero ends it at once. Default
  /// `nil`: as long as the engine says, which is 5 s unless it is told otherwise. Must not be negative. Only Martlet's engines
  /// know this option.
  public var endsEngineAfter: Duration?
  /// When it is too late to start a task: one that still waits then, for an engine or on one, fails with a ``RemoteError`` named
  /// `TaskTimeout`. One that runs goes on; ``executionTimeout`` limits that. Default `nil`: it is never too late. Compared with
  /// the clocks of controller and engines. Only Martlet's know this option.
  public var deadline: Timestamp?
  /// Whether tasks that run are cancelled, too, when nobody waits for them any more: when the task is cancelled that waits
  /// for the result, when a `for await` is left early and the result is gone, and when the client is closed. Default false:
  /// in the first two cases the tasks are aborted that have not started, in the last none.
  public var cancelsRunning = false

  init(client: Client, targets: EngineTargets, isCoalescing: Bool) {
    self.client = client
    self.targets = targets
    self.isCoalescing = isCoalescing
  }

  /// Calls a typed function on every engine.
  ///
  /// - Returns: one result for each engine.
  /// - Throws: ``ClientError`` if an engine doesn't exist or an argument can't be encoded.
  public func apply<each Argument: Codable & Sendable, Output: Codable & Sendable>(
    _ function: RemoteFunction<repeat each Argument, Output>, _ arguments: repeat each Argument
  ) throws -> AsyncResult<[Output]> {
    try run(try Call.apply(function, repeat each arguments))
  }

  /// Calls a typed function that returns nothing on every engine.
  ///
  /// - Throws: ``ClientError`` if an engine doesn't exist or an argument can't be encoded.
  public func apply<each Argument: Codable & Sendable>(
    _ function: RemoteFunction<repeat each Argument, NoValue>, _ arguments: repeat each Argument
  ) throws -> AsyncResult<Void> {
    try run(try Call.apply(function, repeat each arguments)) { _ in .nothing }
  }

  /// Calls a function by name on every engine, see ``DirectView/apply(name:args:kwargs:as:)``.
  ///
  /// - Throws: ``ClientError`` if an engine doesn't exist.
  public func apply<Output: Codable & Sendable>(
    name: String, args: [PickleValue] = [], kwargs: KeywordArguments = [:],
    as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<[Output]> {
    try run(.checked(name, args, kwargs.pairs))
  }

  /// Assigns values to names in the namespace of every engine, see ``DirectView/push(_:_:)``.
  ///
  /// - Throws: ``ClientError`` if an engine doesn't exist, a value can't be encoded, or the scope doesn't fit the view.
  public func push(
    _ values: [String: any Encodable & Sendable], _ scope: PushScope = .presentEngines
  ) throws -> AsyncResult<Void> {
    let call = try DirectView.pushCall(values)
    guard scope == .includingLaterEngines else { return try run(call) { _ in .nothing } }
    return try run(call, on: try client.addPushed(values, targets)) { _ in .nothing }
  }

  /// Executes source code in the namespace of every engine, and waits until it has run and all it printed and displayed
  /// has arrived, see ``DirectView/execute(_:silent:)``. Replies to code can't be coalesced.
  ///
  /// - Returns: one reply for each engine.
  /// - Throws: as ``DirectView/execute(_:silent:)``, and ``ClientError`` if the view is coalescing.
  @discardableResult
  public func execute(_ code: String, silent: Bool = false) async throws -> [ExecuteReply] {
    try await startExecuting(code, silent: silent).valueWithOutput()
  }

  /// Executes source code in the namespace of every engine without waiting for it, see
  /// ``DirectView/startExecuting(_:silent:)``. Replies to code can't be coalesced.
  ///
  /// - Throws: ``ClientError`` if an engine doesn't exist or the view is coalescing.
  public func startExecuting(_ code: String, silent: Bool = false) throws -> AsyncResult<[ExecuteReply]> {
    guard !isCoalescing else {
      throw ClientError(.invalidArgument, "execute does not work with a coalescing broadcast view")
    }
    return try run(.execute(code, silent: silent)) { _ in .executeReplies }
  }

  func run<Output: Codable & Sendable>(_ call: Call) throws -> AsyncResult<[Output]> {
    let method = call.method
    return try run(call) { engines in
      guard isCoalescing else { return .list { try ReplyDecoding.value($0, of: method, as: Output.self) } }
      return .chunks(.fixed { _ in 0 }) { reply, _ in
        try CoalescedReply.values(reply, of: method, engines: engines, as: Output.self)
      }
    }
  }

  /// Sends a call. The shape is made for the engines the call goes to: looking them up again might give others.
  private func run<Value>(_ call: Call, shape: ([RegisteredEngine]) -> ResultShape<Value>) throws -> AsyncResult<Value>
  {
    try run(call, on: try client.resolve(targets), shape: shape)
  }

  /// Sends a call to engines.
  ///
  /// - Parameters:
  ///   - kept: the name that the engines keep for this client.
  ///   - references: those among the arguments. Which engines lack their values is not known if the view is coalescing.
  func run<Value>(
    _ call: Call, on engines: [RegisteredEngine], keeping kept: String? = nil,
    references: CallReferences = CallReferences(), shape: ([RegisteredEngine]) -> ResultShape<Value>
  ) throws -> AsyncResult<Value> {
    // Replies are told apart by their engine.
    guard Set(engines.map(\.id)).count == engines.count else {
      throw ClientError(.invalidArgument, "a broadcast view names an engine twice: \(engines.map(\.id))")
    }
    let metadata = try metadata(engines)
    let id = client.messageIDs.next()
    let use = references.isEmpty ? nil : ReferenceUse(arguments: references, tasks: engines.count)
    if let use {
      // An engine that was sent what it lacked gets the call once more, by itself.
      let (metadata, collectsOutput) = (
        try RequestMetadata.text(
          label: label, executionTimeout: executionTimeout, endsEngineAfter: endsEngineAfter, deadline: deadline),
        collectsOutput
      )
      use.begin { client, state, slot in
        client.connection.submit(
          call, to: engines[slot], metadata: metadata, collectsOutput: collectsOutput, state: state, slot: slot)
      }
    }
    let state = ResultState(
      total: isCoalescing ? 1 : engines.count, method: call.method, label: label, cancelsRunning: cancelsRunning,
      references: use)
    let expected = expectedReplies(to: id, engines, state)
    client.connection.send(
      Request(
        channel: .broadcast, type: call.type, id: id,
        metadata: RequestMetadata.of(
          1, kept.map { client.keeping($0, in: metadata) } ?? metadata,
          state.trace?.begin(0..<state.total, id: id, engines: engines.count)),
        content: call.content, buffers: call.buffers, expected: expected))
    return AsyncResult(client: client, state: state, shape: shape(engines), readers: ResultReaders(client, state))
  }

  private func expectedReplies(to id: String, _ engines: [RegisteredEngine], _ state: ResultState) -> [ExpectedReply] {
    // Each engine sees the request under an id of its own, which its reply and its output refer to.
    let ids = engines.map { "\(id)_\($0.uuid)" }
    if isCoalescing {
      _ = state.begin(0, id: id, engines: engines, outputs: collectsOutput ? engines.count : 0)
      return [
        ExpectedReply(
          id: id, engines: engines, destination: ResultSlot(state: state, slot: 0),
          outputIDs: collectsOutput ? ids : [])
      ]
    }
    return zip(ids, engines).enumerated().map { slot, pair in
      let (id, engine) = pair
      _ = state.begin(slot, id: id, engines: [engine], outputs: collectsOutput ? 1 : 0)
      return ExpectedReply(
        id: id, engines: [engine],
        destination: ResultSlot(state: state, slot: slot, collectsOutput: collectsOutput))
    }
  }

  private func metadata(_ engines: [RegisteredEngine]) throws(ClientError) -> [UInt8] {
    var fields: [String: JSONValue] = [
      "is_broadcast": true, "is_coalescing": .bool(isCoalescing),
      "targets": .array(engines.map { [.string($0.uuid), .int($0.id)] }),
    ]
    if let label { fields["label"] = .string(label) }
    fields.merge(
      try RequestMetadata.limits(
        executionTimeout: executionTimeout, endsEngineAfter: endsEngineAfter, deadline: deadline)
    ) { $1 }
    // A coalesced reply doesn't state how much output each engine has published, so their idle status is needed.
    if !collectsOutput || !isCoalescing { fields["no_status"] = true }
    return RequestMetadata.text(fields)
  }
}
