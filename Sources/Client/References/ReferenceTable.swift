import MartletWire
import Synchronization

/// The names that engines keep for a client.
final class ReferenceTable: Sendable {
  struct State: Sendable {
    var nextName = 0
    /// The names by engine.
    var names: [RegisteredEngine: Set<String>] = [:]
    /// Names that nobody needs any more and engines have not been told of.
    var released: [RegisteredEngine: [String]] = [:]
    var isFlushing = false
    var isRenewing = false
    /// Engines that don't know leases, by uuid.
    var unleased: Set<String> = []
  }

  let state = Mutex(State())
  private let prefix: String

  init(session: String) {
    prefix = "ref_" + session.filter { $0.isASCII && ($0.isLetter || $0.isNumber) } + "_"
  }

  /// A name that nobody else uses, which Python can write.
  func nextName() -> String {
    state.withLock { state in
      state.nextName += 1
      return prefix + String(state.nextName)
    }
  }

  /// No engine needs to be reminded of a name any more.
  func forget(_ name: String) {
    state.withLock { state in for engine in state.names.keys { state.names[engine]?.remove(name) } }
  }
}

extension Client {
  /// How long names are collected before an engine is told that it need not keep them.
  private static let flushDelay = Duration.milliseconds(20)

  /// The time for which engines keep names, in seconds.
  var leaseSeconds: JSONValue { .double(configuration.referenceLease.boundedWait / .seconds(1)) }

  /// Whether an engine is there.
  func isRegistered(_ engine: RegisteredEngine) -> Bool {
    connection.directory.withLock { $0.engines.isRegistered(engine) }
  }

  /// The metadata of a request that only one engine may run, made from that of a request that any may.
  func metadata(_ plain: [UInt8], on engine: RegisteredEngine) -> [UInt8] {
    connection.directory.withLock { $0.engines.metadata(plain, on: engine) }
  }

  /// An engine keeps a name, which it has to be reminded of.
  func keepAlive(_ name: String, on engine: RegisteredEngine) {
    let starts = references.state.withLock { state in
      state.names[engine, default: []].insert(name)
      defer { state.isRenewing = true }
      return !state.isRenewing
    }
    guard starts else { return }
    let pause = configuration.referenceLease.boundedWait / 4
    Task { [weak self] in
      while (try? await Task.sleep(for: pause)) != nil {
        guard let self, !isClosed, renewLeases() else { return }
      }
    }
  }

  /// Tells the engines that this client needs its names.
  ///
  /// - Returns: false if there are none.
  private func renewLeases() -> Bool {
    let engines: [RegisteredEngine]? = references.state.withLock { state in
      state.names = state.names.filter { !$0.value.isEmpty }
      state.isRenewing = !state.names.isEmpty
      return state.isRenewing ? state.names.keys.filter { !state.unleased.contains($0.uuid) } : nil
    }
    guard let engines else { return false }
    let content: JSONValue = ["owner": .string(session), "seconds": leaseSeconds]
    for engine in engines where isRegistered(engine) {
      let renewal = control(MessageType.leaseRequest, content: { _ in content }, to: [engine])
      Task { [references] in
        guard case .failure(let error)? = try await renewal.outcomes.first, error is RemoteError else { return }
        references.state.withLock { _ = $0.unleased.insert(engine.uuid) }
      }
    }
    return true
  }

  /// Nobody needs a name any more.
  func release(_ name: String, on engines: [RegisteredEngine]) {
    let starts = references.state.withLock { state in
      for engine in engines {
        state.names[engine]?.remove(name)
        state.released[engine, default: []].append(name)
      }
      defer { state.isFlushing = true }
      return !state.isFlushing
    }
    guard starts else { return }
    Task {
      try? await Task.sleep(for: Self.flushDelay)
      sendReleases()
    }
  }

  /// Has engines remove all names that are kept for this client.
  func releaseAll() {
    references.state.withLock { state in
      for (engine, names) in state.names { state.released[engine, default: []] += names }
      state.names = [:]
    }
    sendReleases()
  }

  private func sendReleases() {
    let released = references.state.withLock { state in
      defer { (state.released, state.isFlushing) = ([:], false) }
      return state.released
    }
    for (engine, names) in released where isRegistered(engine) {
      var view = DirectView(client: self, targets: .ids([engine.id]))
      view.collectsOutput = false
      let call = Call.apply(BuiltinFunction.drop.rawValue, names.map { .string($0) }, method: "drop")
      _ = try? view.run(on: [engine], method: call.method, shape: ResultShape<Void>.nothing) { _ in call }
    }
  }
}
