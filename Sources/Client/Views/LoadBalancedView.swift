import MartletWire

/// Calls that run on whichever engine is free.
public struct LoadBalancedView: Sendable {
  /// The client whose engines these are.
  public let client: Client
  /// The engines that may be chosen; looked up with each call.
  public let targets: EngineTargets
  /// Whether the engines' output is collected.
  public var collectsOutput = true
  /// An arbitrary text that comes back with the tasks' metadata.
  public var label: String?
  /// How often a task that fails, or whose engine dies, is tried again. Default 0.
  public var retries = 0
  /// How long a task may wait for its dependencies before it fails with `TaskTimeout`.
  public var timeout: Duration?
  /// Tasks that must be done before a task may run.
  public var after: Dependency?
  /// Tasks on whose engines a task must run.
  public var follow: Dependency?
  /// Whether tasks that are still queued are aborted when this client's connection ends, however it does. Default
  /// false, as in ipyparallel: their results can be fetched later. Only Martlet's controller knows this option.
  public var abortsOnDisconnect = false

  init(client: Client, targets: EngineTargets) {
    self.client = client
    self.targets = targets
  }

  /// Calls a typed function.
  ///
  /// - Throws: ``ClientError`` when there is no engine or an argument can't be sent.
  public func apply<each Argument: Codable & Sendable, Output: Codable & Sendable>(
    _ function: RemoteFunction<repeat each Argument, Output>, _ arguments: repeat each Argument
  ) throws -> AsyncResult<Output> {
    try send(try Call.apply(function, repeat each arguments))
  }

  /// Calls a function by name, see ``DirectView/apply(name:args:kwargs:as:)``.
  ///
  /// - Throws: ``ClientError`` when there is no engine.
  public func apply<Output: Codable & Sendable>(
    name: String, args: [PickleValue] = [], kwargs: [(String, PickleValue)] = [],
    as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<Output> {
    try send(.apply(name, args, kwargs))
  }

  private func send<Output: Codable & Sendable>(_ call: Call) throws -> AsyncResult<Output> {
    let state = ResultState(total: 1, method: call.method, label: label)
    client.schedule(call, metadata: try metadata(), collectsOutput: collectsOutput, state: state, slot: 0)
    let method = call.method
    return AsyncResult(
      client: client, state: state, shape: .single { try ReplyDecoding.value($0, of: method, as: Output.self) })
  }

  /// The metadata that tells the scheduler the options.
  func metadata() throws(ClientError) -> [UInt8] {
    var fields: [String: JSONValue] = [:]
    if targets != .all { fields["targets"] = .array(try client.resolve(targets).map { .string($0.uuid) }) }
    if retries != 0 { fields["retries"] = .int(retries) }
    if let timeout {
      let (seconds, attoseconds) = timeout.components
      fields["timeout"] = .double(Double(seconds) + Double(attoseconds) / 1e18)
    }
    if let after { fields["after"] = after.json }
    if let follow { fields["follow"] = follow.json }
    if abortsOnDisconnect { fields["abort_on_disconnect"] = true }
    if fields.isEmpty { return RequestMetadata.plain(label: label) }
    if let label { fields["label"] = .string(label) }
    fields["no_status"] = true
    return RequestMetadata.text(fields)
  }
}
