import MartletWire
import MartletZeroMQ
import Synchronization

/// Where the value of a reference is. What is kept is let go with the last reference to this.
final class RemoteHolding: SuppliedValue {
  private struct Place: Sendable {
    let engine: RegisteredEngine
    /// Brings it there; `nil` if it is there.
    var move: Task<Void, any Error>?
    /// Since when.
    var since = Timestamp.now
  }

  private struct State: Sendable {
    /// The engine that has computed it; `nil` before its reply.
    var home: RegisteredEngine?
    var size = 0
    /// Engines that have it, or to which it is being moved, by uuid.
    var places: [String: Place] = [:]
    /// How it is computed again when it is lost; `nil` if nobody has allowed that.
    var lineage: Lineage?
    /// Computes it again.
    var computing: Task<Void, any Error>?
    /// How often it was computed again.
    var recomputations = 0
  }

  let client: Client
  let name: String
  private let state = Mutex(State())

  init(_ client: Client) {
    self.client = client
    name = client.references.nextName()
  }

  deinit {
    let engines = state.withLock { Array($0.places.values.map(\.engine)) }
    if !engines.isEmpty { client.release(name, on: engines) }
  }

  /// The engine that has computed the value.
  var home: RegisteredEngine { state.withLock { $0.home } ?? RegisteredEngine(id: -1, uuid: "") }

  /// How large it is, in bytes.
  var size: Int { state.withLock { $0.size } }

  /// Whether it is computed again when it is lost.
  var isRecomputable: Bool { state.withLock { $0.lineage != nil } }

  /// Allows that it is computed again when it is lost.
  func remember(_ lineage: Lineage) { state.withLock { $0.lineage = lineage } }

  /// An engine has computed it.
  func isKept(_ reply: TaskReply) {
    guard let uuid = reply.metadata["engine"]?.stringValue else { return }
    let engine = RegisteredEngine(id: client.engineID(uuid) ?? -1, uuid: uuid)
    state.withLock { state in
      state.home = engine
      state.places[uuid] = Place(engine: engine)
    }
    client.keepAlive(name, on: engine)
  }

  /// The engine has described it.
  ///
  /// - Throws: ``ClientError``.
  func describe(_ reply: TaskReply, _ method: String) throws -> RemoteHolding {
    let description = try ReplyDecoding.first(reply.buffers, of: method).value.elements
    guard let size = description?.last?.intValue, state.withLock({ $0.home }) != nil else {
      throw ClientError(.malformedReply, "\(method): the engine doesn't describe what it keeps")
    }
    state.withLock { $0.size = size }
    return self
  }

  /// The engines that have it and are there.
  var engines: [RegisteredEngine] {
    let engines = state.withLock { state in state.places.values.compactMap { isThere($0) ? $0.engine : nil } }
    return engines.count > 1 ? engines.sorted { $0.id < $1.id } : engines
  }

  /// The first of the engines that have it and are there, by their ids.
  var firstEngine: RegisteredEngine? {
    state.withLock { state in
      var first: RegisteredEngine?
      for place in state.places.values where first.map({ place.engine.id < $0.id }) ?? true {
        if isThere(place) { first = place.engine }
      }
      return first
    }
  }

  /// Whether no engine has it that is there.
  var isNowhere: Bool { state.withLock { state in !state.places.values.contains { isThere($0) } } }

  private func isThere(_ place: Place) -> Bool { place.move == nil && client.isRegistered(place.engine) }

  /// Whether an engine has it.
  func isOn(_ engine: RegisteredEngine) -> Bool {
    state.withLock { state in state.places[engine.uuid].map { $0.move == nil } ?? false }
  }

  /// Moves it to an engine, once.
  func move(to engine: RegisteredEngine) async throws {
    let move = state.withLock { state -> Task<Void, any Error>? in
      if let place = state.places[engine.uuid] { return place.move }
      let move = Task { try await self.copy(to: engine) }
      state.places[engine.uuid] = Place(engine: engine, move: move)
      return move
    }
    try await move?.value
  }

  func supply(_ uuid: String, lacking asked: Timestamp) async throws {
    forget(uuid, lacking: asked)
    do {
      try await move(to: RegisteredEngine(id: client.engineID(uuid) ?? -1, uuid: uuid))
    } catch is EngineError {}
  }

  /// An engine says that it doesn't have it, though it should: it can be computed again.
  ///
  /// - Parameter asked: when the engine was sent what needs it. It may have got it since.
  private func forget(_ uuid: String, lacking asked: Timestamp) {
    state.withLock { state in
      guard state.lineage != nil, let place = state.places[uuid], place.move == nil, place.since <= asked
      else { return }
      state.places[uuid] = nil
    }
  }

  private func copy(to engine: RegisteredEngine) async throws {
    do {
      if try await place().uuid != engine.uuid {
        let value = try await fetch()
        var view = DirectView(client: client, targets: .ids([engine.id]))
        view.collectsOutput = false
        let push = Call.apply(BuiltinFunction.push.rawValue, [], [(name, value)], method: "move(\(name))")
        try await view.run(on: [engine], method: push.method, shape: .nothing, keeping: self) { _ in push }.value
        client.keepAlive(name, on: engine)
      }
      state.withLock { $0.places[engine.uuid] = Place(engine: engine) }
    } catch {
      state.withLock { if $0.places[engine.uuid]?.move != nil { $0.places[engine.uuid] = nil } }
      throw error
    }
  }

  /// Fetches it from an engine that has it.
  ///
  /// - Throws: ``ReferenceLost`` if none has and it can't be computed again; what its call throws if that fails.
  func fetch() async throws -> PickleValue {
    let engine = try await place()
    let asked = Timestamp.now
    do {
      return try await pull(from: engine)
    } catch {
      if let error = error as? RemoteError, error.lacks(name) { forget(engine.uuid, lacking: asked) }
      guard isRecomputable, isNowhere else { throw explain(error, on: engine) }
    }
    // It was lost after it was found, or before that was noticed.
    let next = try await place()
    do {
      return try await pull(from: next)
    } catch {
      throw explain(error, on: next)
    }
  }

  /// Fetches it from an engine. When that is gone, this client knows it before the error is thrown.
  private func pull(from engine: RegisteredEngine) async throws -> PickleValue {
    var view = DirectView(client: client, targets: .ids([engine.id]))
    view.collectsOutput = false
    let call = DirectView.pullCall(.string(name), method: "fetch(\(name))")
    do {
      return try await view.run(on: [engine], method: call.method, shape: .single(Self.whole)) { _ in call }.value
    } catch let error as EngineError {
      try? await client.learnDepartures(of: [engine])
      throw error
    }
  }

  /// An engine that has it, after it was computed again if none had.
  ///
  /// - Throws: ``ReferenceLost`` if that isn't allowed; what its call throws if that fails.
  @discardableResult func place() async throws -> RegisteredEngine {
    while true {
      let recomputations = state.withLock { $0.recomputations }
      if let engine = firstEngine { return engine }
      guard isRecomputable else { throw ReferenceLost.engineGone(name, home) }
      // It may be lost again before it is used.
      try await computing(after: recomputations)?.value
    }
  }

  /// Computes it again, once for all who need it.
  ///
  /// - Parameter recomputations: how often that was done before it was found to be lost.
  /// - Returns: `nil` if it was done since.
  private func computing(after recomputations: Int) -> Task<Void, any Error>? {
    state.withLock { state in
      if state.recomputations != recomputations { return nil }
      if let computing = state.computing { return computing }
      guard let lineage = state.lineage else { return nil }
      let computing = Task {
        do {
          try await lineage.compute(self)
        } catch {
          self.state.withLock { $0.computing = nil }
          throw error
        }
        self.state.withLock { ($0.computing, $0.recomputations) = (nil, $0.recomputations + 1) }
      }
      state.computing = computing
      return computing
    }
  }

  /// A value as it is, with its arrays packed.
  private static func whole(_ reply: TaskReply) throws -> PickleValue {
    try ReplyDecoding.first(reply.buffers, of: "fetch").value
  }

  /// What an error says about the value.
  func explain(_ error: any Error, on engine: RegisteredEngine) -> any Error {
    switch error {
    case let error as RemoteError where error.lacks(name): return ReferenceLost.nameGone(name, engine)
    case let error as RemoteError where error.ename == "ImpossibleDependency" && isLost:
      return ReferenceLost.engineGone(name, engine)
    case is EngineError where isLost: return ReferenceLost.engineGone(name, engine)
    default: return error
    }
  }

  private var isLost: Bool { isNowhere && !isRecomputable }
}
