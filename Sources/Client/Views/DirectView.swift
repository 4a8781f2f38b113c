import MartletWire
import MartletZeroMQ

/// Several engines of one's choice: each call goes to every one of them, results come in the order of the engines.
public struct DirectView: Sendable {
  /// The client whose engines these are.
  public let client: Client
  /// Which engines; they are looked up with each call.
  public let targets: EngineTargets
  /// Whether the engines' output is collected.
  public var collectsOutput = true
  /// An arbitrary text that comes back with the tasks' metadata.
  public var label: String?

  init(client: Client, targets: EngineTargets) {
    self.client = client
    self.targets = targets
  }

  /// The ids of the engines at present.
  ///
  /// - Throws: ``ClientError/Code/noEngines`` or ``ClientError/Code/noSuchEngine``, which says which ids exist.
  public var ids: [Int] { get throws { try client.resolve(targets).map(\.id) } }

  /// Calls a typed function on every engine.
  ///
  /// - Throws: ``ClientError`` when an engine doesn't exist or an argument can't be sent.
  public func apply<each Argument: Codable & Sendable, Output: Codable & Sendable>(
    _ function: RemoteFunction<repeat each Argument, Output>, _ arguments: repeat each Argument
  ) throws -> AsyncResult<[Output]> {
    try send(try Call.apply(function, repeat each arguments), shape: Self.list(function.name))
  }

  /// Calls a function by the name, or Python expression, that stands for it on the engines.
  ///
  /// - Parameters:
  ///   - name: for example `len`, `numpy.linalg.norm` or `(lambda x: x * x)`.
  ///   - args: the positional arguments; a ``PickleValue/reference(_:)`` is looked up on the engine.
  ///   - kwargs: the keyword arguments.
  ///   - type: what the result is; by default any Python value.
  /// - Throws: ``ClientError`` when an engine doesn't exist.
  public func apply<Output: Codable & Sendable>(
    name: String, args: [PickleValue] = [], kwargs: [(String, PickleValue)] = [],
    as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<[Output]> {
    try send(.apply(name, args, kwargs), shape: Self.list(name))
  }

  /// Executes source code in the namespace of every engine.
  ///
  /// - Parameters:
  ///   - code: the source.
  ///   - silent: false publishes the value of a last expression as ``TaskOutput/executeResult``.
  /// - Throws: ``ClientError`` when an engine doesn't exist.
  public func execute(_ code: String, silent: Bool = true) throws -> AsyncResult<[ExecuteReply]> {
    try send(.execute(code, silent: silent), shape: .list(ExecuteReply.read))
  }

  /// Aborts every request of this client to these engines that has not run.
  ///
  /// - Throws: ``ClientError``.
  public func abort() async throws { try await client.abortOutstanding(on: targets) }

  /// Empties the namespaces of the engines.
  ///
  /// - Throws: ``ClientError``.
  public func clear() async throws { try await client.clear(targets) }

  /// Sends one call to every engine, packed once.
  func send<Value>(_ call: Call, shape: ResultShape<Value>) throws -> AsyncResult<Value> {
    let engines = try client.resolve(targets)
    return send(to: engines, method: call.method, shape: shape) { _ in call }
  }

  /// Sends a call to each of some engines.
  func send<Value>(
    to engines: [EngineIdentity], method: String, shape: ResultShape<Value>, call: (Int) -> Call
  ) -> AsyncResult<Value> {
    let state = ResultState(total: engines.count, method: method, label: label)
    let metadata = RequestMetadata.plain(label: label)
    for (slot, engine) in engines.enumerated() {
      client.send(
        call(slot), to: engine, metadata: metadata, collectsOutput: collectsOutput, state: state, slot: slot)
    }
    return AsyncResult(client: client, state: state, shape: shape)
  }

  /// The shape of a list with one result an engine.
  static func list<Output: Codable & Sendable>(_ method: String) -> ResultShape<[Output]> {
    .list { try ReplyDecoding.value($0, of: method, as: Output.self) }
  }
}
