import MartletWire
import MartletZeroMQ
import Synchronization

/// Where the value of a reference is. What is kept is let go with the last reference to this.
final class RemoteHolding: SuppliedValue {
  private struct State: Sendable {
    /// The engine that has computed it; `nil` before its reply.
    var home: RegisteredEngine?
    var size = 0
    /// Engines that have it, or to which it is being moved, by uuid.
    var places: [String: (engine: RegisteredEngine, move: Task<Void, any Error>?)] = [:]
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

  /// An engine has computed it.
  func isKept(_ reply: TaskReply) {
    guard let uuid = reply.metadata["engine"]?.stringValue else { return }
    let engine = RegisteredEngine(id: client.engineID(uuid) ?? -1, uuid: uuid)
    state.withLock { state in
      state.home = engine
      state.places[uuid] = (engine, nil)
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
    let places = state.withLock { state in state.places.values.filter { $0.move == nil }.map(\.engine) }
    return places.filter { client.isRegistered($0) }.sorted { $0.id < $1.id }
  }

  /// Whether an engine has it.
  func isOn(_ engine: RegisteredEngine) -> Bool {
    state.withLock { state in state.places[engine.uuid].map { $0.move == nil } ?? false }
  }

  /// Moves it to an engine, once.
  func move(to engine: RegisteredEngine) async throws {
    let move = state.withLock { state -> Task<Void, any Error>? in
      if let place = state.places[engine.uuid] { return place.move }
      let move = Task { try await self.copy(to: engine) }
      state.places[engine.uuid] = (engine, move)
      return move
    }
    try await move?.value
  }

  func supply(_ uuid: String) async throws {
    do {
      try await move(to: RegisteredEngine(id: client.engineID(uuid) ?? -1, uuid: uuid))
    } catch is EngineError {}
  }

  private func copy(to engine: RegisteredEngine) async throws {
    do {
      let value = try await fetch()
      var view = DirectView(client: client, targets: .ids([engine.id]))
      view.collectsOutput = false
      let push = Call.apply(BuiltinFunction.push.rawValue, [], [(name, value)], method: "move(\(name))")
      try await view.run(on: [engine], method: push.method, shape: .nothing, keeping: self) { _ in push }.value
      state.withLock { $0.places[engine.uuid] = (engine, nil) }
      client.keepAlive(name, on: engine)
    } catch {
      state.withLock { _ = $0.places.removeValue(forKey: engine.uuid) }
      throw error
    }
  }

  /// Fetches it from an engine that has it.
  ///
  /// - Throws: ``ReferenceLost`` if none has.
  func fetch() async throws -> PickleValue {
    guard let engine = engines.first else { throw ReferenceLost.engineGone(name, home) }
    var view = DirectView(client: client, targets: .ids([engine.id]))
    view.collectsOutput = false
    let call = DirectView.pullCall(.string(name), method: "fetch(\(name))")
    do {
      let result = try view.run(on: [engine], method: call.method, shape: .single(Self.whole)) { _ in call }
      return try await result.value
    } catch {
      throw explain(error, on: engine)
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
    case let error as RemoteError where error.ename == "ImpossibleDependency" && engines.isEmpty:
      return ReferenceLost.engineGone(name, engine)
    case is EngineError where engines.isEmpty: return ReferenceLost.engineGone(name, engine)
    default: return error
    }
  }
}
