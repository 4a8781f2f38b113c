import MartletWire

/// A view whose calls run on whichever engine is free. The controller's task scheduler chooses it.
///
/// ```swift
/// var view = client.loadBalanced()
/// view.retries = 2
/// for try await count in try view.map(wordCount, files) { … }
/// ```
/// If no engine is registered, tasks wait for one: the client's log says so, and ``timeout`` limits the wait. The tasks of a
/// `ClusterProgram` fail when all engines of its cluster have died.
public struct LoadBalancedView: Sendable {
  /// The client the view belongs to.
  public let client: Client
  /// The engines the scheduler may choose, which are looked up with each call.
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
  /// Which tasks go first of those that wait for an engine, see ``Priority``. Default normal. Only Martlet's controller knows
  /// this option.
  public var priority = Priority.normal
  /// What a task requires of its engine, which has to have been started with as much: `["gpu": 1, "memory": .gigabytes(8)]`.
  /// A task has this from the moment it is sent to an engine until it has ended there. If no engine offers it, it waits for
  /// one, unless ``failsWithoutResources`` or ``timeout`` say otherwise; ``Client/why(_:)`` tells. Default: nothing. Only
  /// Martlet's controller knows this option.
  public var requires = Resources()
  /// How long a task takes at most: it is only given to engines that have so much of their time left, see
  /// `EngineLimits.lifetime`, and an engine begins it only if it still has. Engines without a limit have any time. If no engine
  /// has, it waits for one, as with ``requires``. Nothing ends a task that takes longer, see ``executionTimeout``. Default `nil`:
  /// not known, as for zero. Must not be negative. Only Martlet's controller knows this option.
  public var timeRequest: Duration?
  /// Whether a task fails with `ImpossibleDependency` when there are engines and none of them offers what it ``requires`` or
  /// has as much time left as it requests. Default false: it waits.
  public var failsWithoutResources = false
  /// How often a task is tried again if it fails or its engine dies: on another engine if there is one that has not failed it,
  /// else on those that have. One that is cancelled is not. If the last attempt fails, too, the result throws ``AttemptsFailed``
  /// with the errors of all. Default 0; must not be negative.
  public var retries = 0
  /// Whether a task may run twice, so that it is run again if its engine or its reply is lost, even without ``retries``. It ends
  /// when that has happened as often as the controller's crash limit says, by default three times. An error that it throws is
  /// not retried for that. Default false. Only Martlet's controller knows this option.
  public var isIdempotent = false
  /// When a task that has failed is tried again after that, by this client: with a pause, and only after certain errors.
  /// Each attempt is a request of its own, which the scheduler in turn may try several times, see ``retries``. Default `nil`:
  /// never.
  public var retry: RetryPolicy?
  /// How long a task may wait for its dependencies and for an engine before it fails with `TaskTimeout`. Default `nil`: no
  /// limit, as for zero. Must not be negative.
  public var timeout: Duration?
  /// Requests that must have finished before a task may run.
  public var after: Dependency?
  /// Requests on whose engines a task must run.
  public var follow: Dependency?
  /// Whether queued tasks are aborted when this client's connection ends for whatever reason. Default false, as in
  /// ipyparallel: the results can be fetched later with ``Client/getResult(_:as:)``. Only Martlet's controller knows
  /// this option.
  public var abortsOnDisconnect = false

  /// Whether values that `keep` leaves on engines are computed again when they are lost, because their engine has died or was
  /// cleared. The call is then made again, with the options that this view has now, when the value is next needed: once for
  /// all who need it. References among its arguments are kept as long as its result, and if they are lost, they are computed
  /// again before it, provided that this was set for them, too. For functions that may run several times and give the same
  /// each time. Default false: what needs a lost value throws ``ReferenceLost``.
  public var recomputesLost = false

  /// How many of the calls may run at once on an engine, see ``calling(_:)``.
  private var concurrency = 1

  init(client: Client, targets: EngineTargets) {
    self.client = client
    self.targets = targets
  }

  /// Calls a typed function.
  ///
  /// - Throws: ``ClientError`` if a chosen engine doesn't exist, an argument can't be encoded, or an option is out of
  ///   range.
  public func apply<each Argument: Codable & Sendable, Output: Codable & Sendable>(
    _ function: RemoteFunction<repeat each Argument, Output>, _ arguments: repeat each Argument
  ) throws -> AsyncResult<Output> {
    try calling(function).run(try Call.apply(function, repeat each arguments))
  }

  /// Calls a typed function that returns nothing.
  ///
  /// - Throws: ``ClientError`` if an engine doesn't exist or an argument can't be encoded.
  public func apply<each Argument: Codable & Sendable>(
    _ function: RemoteFunction<repeat each Argument, NoValue>, _ arguments: repeat each Argument
  ) throws -> AsyncResult<Void> {
    try calling(function).run(try Call.apply(function, repeat each arguments), shape: .nothing)
  }

  /// Calls a function by name, see ``DirectView/apply(name:args:kwargs:as:)``.
  ///
  /// - Throws: ``ClientError`` if a chosen engine doesn't exist or an option is out of range.
  public func apply<Output: Codable & Sendable>(
    name: String, args: [PickleValue] = [], kwargs: KeywordArguments = [:],
    as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<Output> {
    try run(.checked(name, args, kwargs.pairs))
  }

  /// The view for calls of a function: it tells the scheduler how many may run at once on an engine.
  func calling(_ function: some RemoteCallable) -> LoadBalancedView {
    guard function.concurrency > 1 else { return self }
    var view = self
    view.concurrency = function.concurrency
    return view
  }

  func run<Output: Codable & Sendable>(_ call: Call) throws -> AsyncResult<Output> {
    let method = call.method
    return try run(call, shape: .single { try ReplyDecoding.value($0, of: method, as: Output.self) })
  }

  func run<Value>(
    _ call: Call, shape: ResultShape<Value>, references: ReferenceUse? = nil, keeping kept: RemoteHolding? = nil
  ) throws -> AsyncResult<Value> {
    let (metadata, collectsOutput) = (try metadata(on: references?.target, keeping: kept), collectsOutput)
    let submit = { @Sendable (client: Client, state: ResultState, slot: Int) in
      client.submit(
        call, metadata: state.references?.metadata ?? metadata, collectsOutput: collectsOutput, state: state,
        slot: slot)
    }
    let state = ResultState(
      total: 1, method: call.method, label: label, cancelsRunning: cancelsRunning,
      retries: try retries(isBound: references?.isBound ?? false, submit), references: references)
    state.afterMoves(client, submit)
    return AsyncResult(client: client, state: state, shape: shape)
  }

  /// Tries tasks again as ``retry`` says.
  ///
  /// - Throws: ``ClientError/Code/invalidArgument`` if the policy is out of range.
  func retries(
    isBound: Bool = false, _ submit: @escaping @Sendable (Client, ResultState, _ slot: Int) -> Void
  ) throws(ClientError) -> TaskRetries? {
    guard let retry else { return nil }
    return try TaskRetries(retry, deadline: deadline, isBound: isBound, client: client, submit: submit)
  }

  /// The metadata that tells the scheduler the options, and the engine what it has to keep.
  func metadata(on engine: RegisteredEngine?, keeping kept: RemoteHolding?) throws(ClientError) -> [UInt8] {
    let plain = try metadata(on: engine)
    return kept.map { client.keeping($0.name, in: plain) } ?? plain
  }

  /// The metadata that tells the scheduler the options.
  ///
  /// - Parameter engine: the one engine on which the task has to run.
  func metadata(on engine: RegisteredEngine? = nil) throws(ClientError) -> [UInt8] {
    var fields = try RequestMetadata.limits(
      executionTimeout: executionTimeout, endsEngineAfter: endsEngineAfter, deadline: deadline)
    guard retries >= 0 else { throw ClientError(.invalidArgument, "retries is \(retries); it must not be negative") }
    if priority != .normal { fields["priority"] = .int(Int(priority.rawValue)) }
    if concurrency > 1 { fields["concurrency"] = .int(concurrency) }
    if !requires.isEmpty {
      fields["requires"] = requires.json
      if !failsWithoutResources { client.noteMissingResources(requires) }
    }
    if let timeRequest { fields["time_request"] = try RequestMetadata.seconds(timeRequest, "timeRequest") }
    if failsWithoutResources, !requires.isEmpty || timeRequest != nil { fields["requires_now"] = true }
    if isIdempotent { fields["idempotent"] = true }
    if retries != 0 { fields["retries"] = .int(retries) }
    if let timeout { fields["timeout"] = try RequestMetadata.seconds(timeout, "timeout") }
    if timeout != nil, retries != 0 || isIdempotent { fields["retry_anywhere"] = true }
    if let after { fields["after"] = after.json }
    if let follow { fields["follow"] = follow.json }
    if abortsOnDisconnect { fields["abort_on_disconnect"] = true }
    let metadata = RequestMetadata.text(fields, label: label)
    if let engine { return client.metadata(metadata, on: engine) }
    if targets != .all {
      let engines = try client.resolve(targets)
      return engines.count == 1
        ? client.metadata(metadata, on: engines[0]) : RequestMetadata.addingTargets(engines, to: metadata)
    }
    client.noteWaitForEngines()
    return metadata
  }
}
