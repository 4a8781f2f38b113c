import MartletWire

/// A view of one engine. It does what a ``DirectView`` does, but its results are single values.
///
/// ```swift
/// let square = try await client[0].apply(square, 7).value
/// ```
public struct EngineView: Sendable {
  var view: DirectView

  init(_ view: DirectView) { self.view = view }

  /// The client the view belongs to.
  public var client: Client { view.client }

  /// Whether the client collects what tasks print and display. Turning it off saves the client and the engine work.
  public var collectsOutput: Bool {
    get { view.collectsOutput }
    set { view.collectsOutput = newValue }
  }

  /// A text to find the tasks by: it is in their ``TaskMetadata`` and in the hub's records.
  public var label: String? {
    get { view.label }
    set { view.label = newValue }
  }

  /// How long a task may run, see ``DirectView/executionTimeout``.
  public var executionTimeout: Duration? {
    get { view.executionTimeout }
    set { view.executionTimeout = newValue }
  }
  /// How long a task may go on after it was told to stop, see ``DirectView/endsEngineAfter``.
  public var endsEngineAfter: Duration? {
    get { view.endsEngineAfter }
    set { view.endsEngineAfter = newValue }
  }

  /// When it is too late to start a task, see ``DirectView/deadline``.
  public var deadline: Timestamp? {
    get { view.deadline }
    set { view.deadline = newValue }
  }

  /// Whether tasks that run are cancelled when nobody waits for them any more, see ``DirectView/cancelsRunning``.
  public var cancelsRunning: Bool {
    get { view.cancelsRunning }
    set { view.cancelsRunning = newValue }
  }

  /// When a task that has failed is tried again, see ``DirectView/retry``.
  public var retry: RetryPolicy? {
    get { view.retry }
    set { view.retry = newValue }
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
  /// - Throws: ``ClientError`` if the engine doesn't exist or an argument can't be encoded.
  public func apply<each Argument: Codable & Sendable, Output: Codable & Sendable>(
    _ function: RemoteFunction<repeat each Argument, Output>, _ arguments: repeat each Argument
  ) throws -> AsyncResult<Output> {
    try view.run(try Call.apply(function, repeat each arguments), shape: Self.single(function.name))
  }

  /// Calls a typed function that returns nothing.
  ///
  /// - Throws: ``ClientError`` if the engine doesn't exist or an argument can't be encoded.
  public func apply<each Argument: Codable & Sendable>(
    _ function: RemoteFunction<repeat each Argument, NoValue>, _ arguments: repeat each Argument
  ) throws -> AsyncResult<Void> {
    try view.run(try Call.apply(function, repeat each arguments), shape: .nothing)
  }

  /// Calls a function by name, see ``DirectView/apply(name:args:kwargs:as:)``.
  ///
  /// - Throws: ``ClientError`` if the engine doesn't exist.
  public func apply<Output: Codable & Sendable>(
    name: String, args: [PickleValue] = [], kwargs: KeywordArguments = [:],
    as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<Output> {
    try view.run(.checked(name, args, kwargs.pairs), shape: Self.single(name))
  }

  /// Executes source code in the engine's namespace, and waits until it has run and all it printed and displayed has
  /// arrived, see ``DirectView/execute(_:silent:)``.
  ///
  /// - Throws: ``ClientError`` if the engine doesn't exist; ``RemoteError`` with Python's traceback if the code fails;
  ///   `CancellationError`.
  @discardableResult
  public func execute(_ code: String, silent: Bool = false) async throws -> ExecuteReply {
    try await startExecuting(code, silent: silent).valueWithOutput()
  }

  /// Executes source code in the engine's namespace without waiting for it, see
  /// ``DirectView/startExecuting(_:silent:)``.
  ///
  /// - Throws: ``ClientError`` if the engine doesn't exist.
  public func startExecuting(_ code: String, silent: Bool = false) throws -> AsyncResult<ExecuteReply> {
    try view.run(.execute(code, silent: silent), shape: .executeReply)
  }

  /// Calls a typed function with each item, in one task.
  ///
  /// - Returns: the results in the order of the items.
  /// - Throws: ``ClientError`` if the engine doesn't exist or an item can't be encoded.
  public func map<Input: Codable & Sendable, Output: Codable & Sendable>(
    _ function: RemoteFunction<Input, Output>, _ items: some Collection<Input>
  ) throws -> AsyncResult<[Output]> {
    try view.map(function, items)
  }

  /// Calls a typed function with the first item of each collection, with the second ones, and so on, in one task.
  ///
  /// - Throws: ``ClientError`` if the collections have different lengths, the engine doesn't exist or an item can't be
  ///   encoded.
  public func map<First: Collection, Second: Collection, each Rest: Collection, Output: Codable & Sendable>(
    _ function: RemoteFunction<First.Element, Second.Element, repeat (each Rest).Element, Output>,
    _ first: First, _ second: Second, _ rest: repeat each Rest
  ) throws -> AsyncResult<[Output]>
  where
    First.Element: Codable & Sendable, Second.Element: Codable & Sendable,
    repeat (each Rest).Element: Codable & Sendable
  {
    try view.map(function, first, second, repeat each rest)
  }

  /// Assigns values to names in the engine's namespace.
  ///
  /// - Throws: ``ClientError`` if the engine doesn't exist or a value can't be encoded.
  public func push(_ values: [String: any Encodable & Sendable]) throws -> AsyncResult<Void> { try view.push(values) }

  /// Reads the value of a name in the engine's namespace.
  ///
  /// - Returns: the value. Without the name the task fails with a ``RemoteError`` (`NameError`).
  /// - Throws: ``ClientError`` if the engine doesn't exist.
  public func pull<Output: Codable & Sendable>(
    _ name: String, as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<Output> {
    let method = "pull(\(name))"
    return try view.run(DirectView.pullCall(.string(name), method: method), shape: Self.single(method))
  }

  /// Reads the values of several names in the engine's namespace.
  ///
  /// - Returns: the values in the order of the names.
  /// - Throws: ``ClientError`` if the engine doesn't exist.
  public func pull<Output: Codable & Sendable>(
    _ names: [String], as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<[Output]> {
    let method = "pull(\(names.joined(separator: ", ")))"
    return try view.run(
      DirectView.pullCall(.list(names.map { .string($0) }), method: method), shape: Self.single(method))
  }

  /// Aborts this client's requests to this engine that have not started, and waits for the engine to acknowledge it.
  ///
  /// - Throws: ``ClientError`` if the engine doesn't exist or does not answer, or if the client is closed.
  public func abort() async throws { try await view.abort() }

  /// Removes all names from the engine's namespace.
  ///
  /// - Throws: ``ClientError`` if the engine doesn't exist or does not answer, or if the client is closed.
  public func clear() async throws { try await view.clear() }

  static func single<Output: Codable & Sendable>(_ method: String) -> ResultShape<Output> {
    .single { try ReplyDecoding.value($0, of: method, as: Output.self) }
  }
}
