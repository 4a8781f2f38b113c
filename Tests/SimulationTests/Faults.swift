/// What goes wrong in a simulation: chosen at random, one after the other.
final class Faults {
  private unowned let world: Simulation
  /// Whether the controller was gone or stopped, or a connection was broken or stalled, for so long that peers may give it
  /// up.
  private(set) var hidController = false
  /// For how long it was so altogether.
  private(set) var hiddenTime = Duration.zero
  /// How often the controller was replaced.
  private(set) var restarts = 0
  /// When the last effect of a fault is over.
  private(set) var end: ContinuousClock.Instant

  private static let kinds: [(weight: Int, fault: @Sendable (Faults) -> Void)] = [
    (5, { $0.crashEngine() }), (2, { $0.leaveEngine() }), (2, { $0.retireEngine() }),
    (3, { $0.stopEngine() }), (5, { $0.breakLink() }),
    (3, { $0.stallLink() }), (2, { $0.restartController() }), (1, { $0.stopController() }), (2, { $0.addEngine() }),
    (2, { $0.breakProcess() }), (1, { $0.stopClient() }),
  ]

  init(_ world: Simulation) {
    self.world = world
    end = world.timeline.now
  }

  /// Lets something go wrong.
  func happen() {
    var left = world.pick(below: Self.kinds.reduce(0) { $0 + $1.weight })
    for kind in Self.kinds {
      left -= kind.weight
      if left < 0 { return kind.fault(self) }
    }
  }

  /// Some milliseconds: usually few, sometimes so many that peers give each other up.
  private func time(_ probability: Double, below limit: Int, otherwise range: Range<Int>) -> Duration {
    let isShort = world.chance(probability)
    return .milliseconds(isShort ? 50 + world.pick(below: limit) : range.lowerBound + world.pick(below: range.count))
  }

  private func lasts(_ duration: Duration) { end = max(end, world.timeline.now + duration) }

  // MARK: - Engines

  private func anEngine() -> SimulatedEngine? {
    let living = world.engines.filter(\.isAlive)
    return living.isEmpty ? nil : living[world.pick(below: living.count)]
  }

  private func crashEngine() { anEngine()?.crash(losesSent: world.chance(0.4)) }

  private func leaveEngine() {
    guard let engine = anEngine() else { return }
    world.ledger.troubled.insert(engine.name)
    engine.perform { engine.leave() }
  }

  private func retireEngine() {
    guard let engine = anEngine() else { return }
    let grace = time(0.3, below: 1000, otherwise: 10_000..<60_000)
    world.ledger.troubled.insert(engine.name)
    lasts(grace)
    engine.perform { engine.retire(within: grace) }
  }

  private func stopEngine() {
    guard let engine = anEngine() else { return }
    let duration = time(0.6, below: 3000, otherwise: 20_000..<80_000)
    world.ledger.troubled.insert(engine.name)
    lasts(duration)
    engine.stop(for: duration)
  }

  private func addEngine() { world.startEngine() }

  // MARK: - The network

  private func aPeer() -> SimulatedPeer? {
    let peers: [SimulatedPeer] = world.engines.filter(\.isAlive) + world.clients
    return peers.isEmpty ? nil : peers[world.pick(below: peers.count)]
  }

  private func breakLink() {
    guard let peer = aPeer(), !peer.allLinks.isEmpty else { return }
    let links = peer.allLinks
    broken(links[world.pick(below: links.count)])
  }

  /// All connections of a process break, as when its host is cut off.
  private func breakProcess() {
    guard let peer = aPeer() else { return }
    for link in peer.allLinks { broken(link) }
  }

  private func broken(_ link: Link) {
    let delay = time(0.8, below: 1000, otherwise: 2000..<42_000)
    world.ledger.cutOff.insert(link.owner.name)
    if delay > .milliseconds(1500) { world.ledger.troubled.insert(link.owner.name) }
    hide(for: delay)
    link.breakDown(reconnectingAfter: delay)
  }

  private func stallLink() {
    guard let peer = aPeer(), !peer.allLinks.isEmpty else { return }
    let links = peer.allLinks
    let duration = time(0.7, below: 3000, otherwise: 0..<60_000)
    world.ledger.cutOff.insert(peer.name)
    world.ledger.troubled.insert(peer.name)
    hide(for: duration)
    links[world.pick(below: links.count)].stall(for: duration)
  }

  private func stopClient() {
    let duration = Duration.milliseconds(world.pick(below: 40_000))
    lasts(duration)
    world.clients[world.pick(below: world.clients.count)].stop(for: duration)
  }

  // MARK: - The controller

  private func hide(for duration: Duration) {
    lasts(duration)
    hiddenTime += duration
    if duration > .seconds(2) { hidController = true }
  }

  private func stopController() {
    let duration = time(0.6, below: 5000, otherwise: 20_000..<80_000)
    hide(for: duration + .seconds(5))
    world.controller?.stop(for: duration)
  }

  func restartController() {
    guard world.controller != nil else { return }
    let duration = time(0.8, below: 4000, otherwise: 0..<70_000)
    restarts += 1
    hide(for: duration + .seconds(5))
    for engine in world.engines { world.ledger.troubled.insert(engine.name) }
    world.killController(restartingAfter: duration)
  }
}
