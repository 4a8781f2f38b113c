import MartletWire
import MartletZeroMQ

/// A view of chosen engines: each call goes to every one of them.
///
/// ```swift
/// let everyone = client[...]           // also client[[0, 2]], client[0..<2]
/// try await everyone.push(["n": 5]).value
/// let squares = try await everyone.apply(square, 7).value
/// ```
/// Results come in the order of the engines, one for each. Calls return at once; the ``AsyncResult`` waits.
public struct DirectView: Sendable {
  /// The client the view belongs to.
  public let client: Client
  /// The view's engines, which are looked up with each call.
  public let targets: EngineTargets
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
  /// When an engine's part of a call that has failed is tried again, on the same engine. Default `nil`: never.
  public var retry: RetryPolicy?
  /// How many calls on engines wait for those of this view.
  private var nesting = 0

  init(client: Client, targets: EngineTargets) {
    self.client = client
    self.targets = targets
  }

  /// The ids of the view's engines at present.
  ///
  /// - Throws: ``ClientError/Code/noEngines`` or ``ClientError/Code/noSuchEngine``, which says which ids exist.
  public var ids: [Int] { get throws { try client.resolve(targets).map(\.id) } }

  /// Calls a typed function on every engine.
  ///
  /// - Returns: one result for each engine.
  /// - Throws: ``ClientError`` if an engine doesn't exist or an argument can't be encoded.
  public func apply<each Argument: Codable & Sendable, Output: Codable & Sendable>(
    _ function: RemoteFunction<repeat each Argument, Output>, _ arguments: repeat each Argument
  ) throws -> AsyncResult<[Output]> {
    try run(try Call.apply(function, repeat each arguments), shape: Self.list(function.name))
  }

  /// Calls a typed function that returns nothing on every engine.
  ///
  /// - Throws: ``ClientError`` if an engine doesn't exist or an argument can't be encoded.
  public func apply<each Argument: Codable & Sendable>(
    _ function: RemoteFunction<repeat each Argument, NoValue>, _ arguments: repeat each Argument
  ) throws -> AsyncResult<Void> {
    try run(try Call.apply(function, repeat each arguments), shape: .nothing)
  }

  /// Calls a function by name on every engine.
  ///
  /// - Parameters:
  ///   - name: the name of a Swift function the engines have, or a Python expression such as `len`, `numpy.linalg.norm`
  ///     or `(lambda x: x * x)`.
  ///   - args: the positional arguments. An engine replaces a ``PickleValue/reference(_:)`` by the value of that name.
  ///   - kwargs: the keyword arguments.
  ///   - type: the type of the result; by default any Python value.
  /// - Returns: one result for each engine.
  /// - Throws: ``ClientError`` if an engine doesn't exist.
  public func apply<Output: Codable & Sendable>(
    name: String, args: [PickleValue] = [], kwargs: KeywordArguments = [:],
    as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<[Output]> {
    try run(.checked(name, args, kwargs.pairs), shape: Self.list(name))
  }

  /// Executes source code in the namespace of every engine, and waits until it has run and all it printed and displayed
  /// has arrived.
  ///
  /// ```swift
  /// try await client[...].execute("import numpy as np; a = np.arange(10)")
  /// let replies = try await client[...].execute("print(a.sum()); a.mean()")
  /// print(replies[0].stdout, replies[0].executeResult?.text ?? "")
  /// ```
  /// If the waiting task is cancelled, the code is interrupted. ``startExecuting(_:silent:)`` doesn't wait.
  ///
  /// - Parameters:
  ///   - code: the source. Engines with Python run any Python code, with IPython's magics; others understand assignments
  ///     and a few more simple statements.
  ///   - silent: whether the value of a last expression is dropped instead of published as
  ///     ``ExecuteReply/executeResult``, and the code isn't counted.
  /// - Returns: one reply for each engine.
  /// - Throws: ``ClientError`` if an engine doesn't exist; ``RemoteError`` with Python's traceback if the view has one
  ///   engine and the code fails, ``CompositeError`` if it has several; `CancellationError`.
  @discardableResult
  public func execute(_ code: String, silent: Bool = false) async throws -> [ExecuteReply] {
    try await startExecuting(code, silent: silent).valueWithOutput()
  }

  /// Executes source code in the namespace of every engine without waiting for it.
  ///
  /// - Returns: one reply for each engine, with the output that has arrived when it is asked for: see
  ///   ``AsyncResult/waitForOutput(timeout:)`` and ``AsyncResult/streamOutput()``.
  /// - Throws: ``ClientError`` if an engine doesn't exist.
  public func startExecuting(_ code: String, silent: Bool = false) throws -> AsyncResult<[ExecuteReply]> {
    try run(.execute(code, silent: silent), shape: .executeReplies)
  }

  /// Aborts this client's requests to these engines that have not started, and waits for the engines to acknowledge it.
  ///
  /// - Throws: ``ClientError`` if an engine doesn't exist or does not answer, or if the client is closed.
  public func abort() async throws { try await client.abortOutstanding(on: targets) }

  /// Removes all names from the engines' namespaces.
  ///
  /// - Throws: ``ClientError`` if an engine doesn't exist or does not answer, or if the client is closed.
  public func clear() async throws { try await client.clear(targets) }

  /// Calls a function by name on one engine, whichever engines the view has.
  ///
  /// - Parameters:
  ///   - method: what is called, for error messages.
  ///   - nesting: how many calls on engines wait for this one.
  /// - Throws: ``ClientError/Code/invalidArgument`` if an option is out of range.
  package func apply(
    name: String, args: [PickleValue], method: String, on engine: RegisteredEngine, nesting: Int
  ) throws -> AsyncResult<PickleValue> {
    var view = self
    view.nesting = nesting
    return try view.run(on: [engine], method: method, shape: EngineView.single(method)) { _ in
      .apply(name, args, method: method)
    }
  }

  /// Sends one call, which is packed once, to every engine.
  func run<Value>(_ call: Call, shape: ResultShape<Value>) throws -> AsyncResult<Value> {
    let engines = try client.resolve(targets)
    return try run(on: engines, method: call.method, shape: shape) { _ in call }
  }

  /// Sends each engine a call of its own.
  ///
  /// - Throws: ``ClientError/Code/invalidArgument`` if an option is out of range.
  func run<Value>(
    on engines: [RegisteredEngine], method: String, shape: ResultShape<Value>, references: ReferenceUse? = nil,
    keeping kept: RemoteHolding? = nil, call: @escaping @Sendable (_ slot: Int) -> Call
  ) throws(ClientError) -> AsyncResult<Value> {
    let plain = try RequestMetadata.text(
      label: label, executionTimeout: executionTimeout, endsEngineAfter: endsEngineAfter, deadline: deadline,
      nesting: nesting)
    let metadata = kept.map { client.keeping($0.name, in: plain) } ?? plain
    let collectsOutput = collectsOutput
    let submit = { @Sendable (client: Client, state: ResultState, slot: Int) in
      client.connection.submit(
        call(slot), to: engines[slot], metadata: metadata, collectsOutput: collectsOutput, state: state, slot: slot)
    }
    let retries = try retry.map { (policy) throws(ClientError) in
      try TaskRetries(policy, deadline: deadline, isBound: true, client: client, submit: submit)
    }
    let state = ResultState(
      total: engines.count, method: method, label: label, cancelsRunning: cancelsRunning, retries: retries,
      references: references)
    state.afterMoves(client, submit)
    let readers = shape.join == nil ? nil : ResultReaders(client, state)
    return AsyncResult(client: client, state: state, shape: shape, readers: readers)
  }

  /// The shape of a list with one result for each engine.
  static func list<Output: Codable & Sendable>(_ method: String) -> ResultShape<[Output]> {
    .list { try ReplyDecoding.value($0, of: method, as: Output.self) }
  }
}
