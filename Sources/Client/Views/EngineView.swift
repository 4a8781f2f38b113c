import MartletWire

/// One engine of one's choice: as a ``DirectView``, but results are single values.
public struct EngineView: Sendable {
  private var view: DirectView

  init(_ view: DirectView) { self.view = view }

  /// The client whose engine this is.
  public var client: Client { view.client }

  /// Whether the engine's output is collected. Without it tasks cost the client and the engine less.
  public var collectsOutput: Bool {
    get { view.collectsOutput }
    set { view.collectsOutput = newValue }
  }

  /// An arbitrary text that comes back with the tasks' metadata.
  public var label: String? {
    get { view.label }
    set { view.label = newValue }
  }

  /// The engine's id at present.
  ///
  /// - Throws: ``ClientError/Code/noEngines`` or ``ClientError/Code/noSuchEngine``, which says which ids exist.
  public var id: Int {
    get throws {
      guard let id = try view.ids.first else { throw ClientError.noEngines }
      return id
    }
  }

  /// Calls a typed function.
  ///
  /// - Throws: ``ClientError`` when the engine doesn't exist or an argument can't be sent.
  public func apply<each Argument: Codable & Sendable, Output: Codable & Sendable>(
    _ function: RemoteFunction<repeat each Argument, Output>, _ arguments: repeat each Argument
  ) throws -> AsyncResult<Output> {
    try view.send(try Call.apply(function, repeat each arguments), shape: Self.single(function.name))
  }

  /// Calls a function by name, see ``DirectView/apply(name:args:kwargs:as:)``.
  ///
  /// - Throws: ``ClientError`` when the engine doesn't exist.
  public func apply<Output: Codable & Sendable>(
    name: String, args: [PickleValue] = [], kwargs: [(String, PickleValue)] = [],
    as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<Output> {
    try view.send(.apply(name, args, kwargs), shape: Self.single(name))
  }

  /// Executes source code in the engine's namespace, see ``DirectView/execute(_:silent:)``.
  ///
  /// - Throws: ``ClientError`` when the engine doesn't exist.
  public func execute(_ code: String, silent: Bool = true) throws -> AsyncResult<ExecuteReply> {
    try view.send(.execute(code, silent: silent), shape: .single(ExecuteReply.read))
  }

  /// Calls a typed function with each item, all on this engine in one task.
  ///
  /// - Throws: ``ClientError`` when the engine doesn't exist or an item can't be sent.
  public func map<Input: Codable & Sendable, Output: Codable & Sendable>(
    _ function: RemoteFunction<Input, Output>, _ items: some Collection<Input>
  ) throws -> AsyncResult<[Output]> {
    try view.map(function, items)
  }

  /// Sets names in the engine's namespace.
  ///
  /// - Throws: ``ClientError`` when the engine doesn't exist or a value can't be sent.
  public func push(_ values: [String: any Encodable & Sendable]) throws -> AsyncResult<Void> { try view.push(values) }

  /// Reads a name of the engine's namespace.
  ///
  /// - Throws: ``ClientError`` when the engine doesn't exist.
  public func pull<Output: Codable & Sendable>(
    _ name: String, as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<Output> {
    let method = "pull(\(name))"
    return try view.send(DirectView.pullCall(.string(name), method: method), shape: Self.single(method))
  }

  /// Reads several names of the engine's namespace.
  ///
  /// - Returns: the values in the order of the names.
  /// - Throws: ``ClientError`` when the engine doesn't exist.
  public func pull<Output: Codable & Sendable>(
    _ names: [String], as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<[Output]> {
    let method = "pull(\(names.joined(separator: ", ")))"
    return try view.send(
      DirectView.pullCall(.list(names.map { .string($0) }), method: method), shape: Self.single(method))
  }

  /// Aborts every request of this client to this engine that has not run.
  ///
  /// - Throws: ``ClientError``.
  public func abort() async throws { try await view.abort() }

  /// Empties the engine's namespace.
  ///
  /// - Throws: ``ClientError``.
  public func clear() async throws { try await view.clear() }

  private static func single<Output: Codable & Sendable>(_ method: String) -> ResultShape<Output> {
    .single { try ReplyDecoding.value($0, of: method, as: Output.self) }
  }
}
