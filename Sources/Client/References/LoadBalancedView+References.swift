import MartletWire

// Calls whose arguments may be references, and calls whose results stay on their engine.
extension LoadBalancedView {
  /// Calls a typed function with references, or with some references and some values, see ``RemoteReference``.
  ///
  /// - Throws: ``ReferenceLost``; ``ClientError`` if a chosen engine doesn't exist, an argument can't be encoded, or an option is out of
  ///   range.
  @_disfavoredOverload
  public func apply<each Argument: Codable & Sendable, each Given: RemoteArgument, Output: Codable & Sendable>(
    _ function: RemoteFunction<repeat each Argument, Output>, _ arguments: repeat each Given
  ) throws -> AsyncResult<Output> where repeat (each Given).RemoteValue == each Argument {
    let (call, references) = try Call.apply(
      function.reference, name: function.name, keeping: nil, repeat each arguments)
    return try calling(function).run(call, shape: EngineView.single(function.name), references)
  }

  /// Calls a typed function that returns nothing with references, see ``RemoteReference``.
  ///
  /// - Throws: ``ReferenceLost``; ``ClientError`` if a chosen engine doesn't exist, an argument can't be encoded, or an option is out of
  ///   range.
  @_disfavoredOverload
  public func apply<each Argument: Codable & Sendable, each Given: RemoteArgument>(
    _ function: RemoteFunction<repeat each Argument, NoValue>, _ arguments: repeat each Given
  ) throws -> AsyncResult<Void> where repeat (each Given).RemoteValue == each Argument {
    let (call, references) = try Call.apply(
      function.reference, name: function.name, keeping: nil, repeat each arguments)
    return try calling(function).run(call, shape: .nothing, references)
  }

  /// Calls a typed function and keeps the result on its engine, see ``RemoteReference``.
  ///
  /// - Throws: ``ClientError`` if a chosen engine doesn't exist, an argument can't be encoded, or an option is out of
  ///   range.
  public func keep<each Argument: Codable & Sendable, Output: Codable & Sendable>(
    _ function: RemoteFunction<repeat each Argument, Output>, _ arguments: repeat each Argument
  ) throws -> AsyncResult<RemoteReference<Output>> {
    let kept = RemoteHolding(client)
    var args: [PickleValue] = []
    for argument in repeat each arguments { args.append(try Call.encode(argument, of: function.name)) }
    return try run(.keep(kept, function: function.name, args), keeping: kept)
  }

  /// Calls a typed function with references and keeps the result on its engine, see ``RemoteReference``.
  ///
  /// - Throws: ``ReferenceLost``; ``ClientError`` if a chosen engine doesn't exist, an argument can't be encoded, or an option is out of
  ///   range.
  @_disfavoredOverload
  public func keep<each Argument: Codable & Sendable, each Given: RemoteArgument, Output: Codable & Sendable>(
    _ function: RemoteFunction<repeat each Argument, Output>, _ arguments: repeat each Given
  ) throws -> AsyncResult<RemoteReference<Output>> where repeat (each Given).RemoteValue == each Argument {
    let kept = RemoteHolding(client)
    let (call, references) = try Call.apply(
      function.reference, name: function.name, keeping: kept, repeat each arguments)
    return try run(call, keeping: kept, references)
  }

  /// Calls a Python function with references, or with some references and some values, see ``RemoteReference``.
  ///
  /// - Throws: ``ReferenceLost``; ``ClientError`` if a chosen engine doesn't exist, an argument can't be encoded, or an option is out of
  ///   range.
  @_disfavoredOverload
  public func apply<each Argument: Codable & Sendable, each Given: RemoteArgument, Output: Codable & Sendable>(
    _ function: PythonFunction<repeat each Argument, Output>, _ arguments: repeat each Given
  ) throws -> AsyncResult<Output> where repeat (each Given).RemoteValue == each Argument {
    let (call, references) = try Call.apply(
      function.reference, name: function.source, keeping: nil, repeat each arguments)
    return try run(call, shape: EngineView.single(function.expression), references)
  }

  /// Calls a Python function and keeps the result on its engine, see ``RemoteReference``.
  ///
  /// - Throws: ``ClientError`` if a chosen engine doesn't exist, an argument can't be encoded, or an option is out of
  ///   range.
  public func keep<each Argument: Codable & Sendable, Output: Codable & Sendable>(
    _ function: PythonFunction<repeat each Argument, Output>, _ arguments: repeat each Argument
  ) throws -> AsyncResult<RemoteReference<Output>> {
    let kept = RemoteHolding(client)
    var args: [PickleValue] = []
    for argument in repeat each arguments { args.append(try Call.encode(argument, of: function.expression)) }
    return try run(.keep(kept, function: function.source, args), keeping: kept)
  }

  /// Calls a Python function with references and keeps the result on its engine, see ``RemoteReference``.
  ///
  /// - Throws: ``ReferenceLost``; ``ClientError`` if a chosen engine doesn't exist, an argument can't be encoded, or an option is out of
  ///   range.
  @_disfavoredOverload
  public func keep<each Argument: Codable & Sendable, each Given: RemoteArgument, Output: Codable & Sendable>(
    _ function: PythonFunction<repeat each Argument, Output>, _ arguments: repeat each Given
  ) throws -> AsyncResult<RemoteReference<Output>> where repeat (each Given).RemoteValue == each Argument {
    let kept = RemoteHolding(client)
    let (call, references) = try Call.apply(
      function.reference, name: function.source, keeping: kept, repeat each arguments)
    return try run(call, keeping: kept, references)
  }

  private func run<Output>(
    _ call: Call, keeping kept: RemoteHolding, _ references: CallReferences = CallReferences()
  ) throws -> AsyncResult<RemoteReference<Output>> {
    let method = call.method
    if recomputesLost { kept.remember(Lineage(view: self, call: call, arguments: references)) }
    return try run(
      call, shape: .single { RemoteReference(try kept.describe($0, method)) }, references, keeping: kept)
  }

  /// Sends a call to the engine that has most of what it needs, and has the rest moved there before.
  func run<Value>(
    _ call: Call, shape: ResultShape<Value>, _ references: CallReferences, keeping kept: RemoteHolding? = nil
  ) throws -> AsyncResult<Value> {
    guard references.isRecomputable else {
      let known = targets == .all && references.kept.count == 1 ? references.kept[0].firstEngine : nil
      let chosen = try known.map { [$0] } ?? (references.kept.isEmpty ? [] : [engine(for: references.kept)])
      return try run(
        call, shape: shape,
        references: ReferenceUse(keeping: kept, arguments: references, targets: chosen, isPlaced: known != nil),
        keeping: kept)
    }
    try CallReferences.checkHomes(of: references.kept)
    let isThere = references.kept.allSatisfy { !$0.isNowhere }
    let use = ReferenceUse(
      keeping: kept, arguments: references, targets: isThere ? [try engine(for: references.kept)] : []
    ) { values in
      let engine = try engine(for: values)
      return (engine, try metadata(on: engine, keeping: kept))
    }
    return try run(call, shape: shape, references: use, keeping: kept)
  }

  /// The engine with the most bytes, of those that may be chosen.
  ///
  /// - Throws: ``ReferenceLost`` if a value is lost for good; ``ClientError`` if there are no engines to choose from.
  private func engine(for references: [RemoteHolding]) throws -> RegisteredEngine {
    try CallReferences.checkHomes(of: references)
    let allowed = try client.resolve(targets)
    if references.count == 1 {
      // All that have it have as much.
      return references[0].engines.first { engine in allowed.contains { $0.uuid == engine.uuid } } ?? allowed[0]
    }
    var bytes: [RegisteredEngine: Int] = [:]
    for reference in references {
      for engine in reference.engines where allowed.contains(where: { $0.uuid == engine.uuid }) {
        bytes[engine, default: 0] += reference.size + 1
      }
    }
    return bytes.max { ($0.value, $1.key.id) < ($1.value, $0.key.id) }?.key ?? allowed[0]
  }
}
