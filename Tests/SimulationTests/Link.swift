@testable import MartletController

/// A connection of a process to the controller, which may break and stall. Messages keep their order, and are lost only
/// with the connection.
final class Link {
  let channel: Channel
  unowned let owner: SimulatedPeer
  private unowned let world: Simulation
  private(set) var isUp = false
  /// Counts the connections: what was sent over an earlier one is lost.
  private var generation = 0
  /// What the owner has sent while there was no connection.
  private var unsent: [Letter] = []
  private var latest: (up: ContinuousClock.Instant, down: ContinuousClock.Instant)
  private var stalledUntil: ContinuousClock.Instant
  private var isConnecting = false

  private static let noticeDelay = Duration.milliseconds(1)
  private static let retryInterval = Duration.milliseconds(300)

  init(_ channel: Channel, of owner: SimulatedPeer, _ world: Simulation) {
    self.channel = channel
    self.owner = owner
    self.world = world
    latest = (world.timeline.now, world.timeline.now)
    stalledUntil = world.timeline.now
  }

  var name: String { "\(owner.name).\(channel)" }

  // MARK: - Messages

  /// Sends a message to the controller. Without a connection it waits for one.
  func sendUp(_ letter: Letter) {
    guard isUp else { return unsent.append(letter) }
    latest.up = arrival(after: latest.up)
    let generation = generation
    world.timeline.schedule(at: latest.up) { [self] in
      guard self.generation == generation, let controller = world.controller else {
        return world.lost(letter, on: self)
      }
      controller.perform {
        guard self.generation == generation else { return self.world.lost(letter, on: self) }
        controller.received(letter, on: self)
      }
    }
  }

  /// Sends a message to the owner.
  ///
  /// - Returns: whether there is a connection.
  func sendDown(_ letter: Letter) -> Bool {
    guard isUp else { return false }
    latest.down = arrival(after: latest.down)
    let generation = generation
    world.timeline.schedule(at: latest.down) { [self] in
      guard self.generation == generation, owner.isAlive else { return world.lost(letter, on: self) }
      owner.perform {
        guard self.generation == generation else { return self.world.lost(letter, on: self) }
        self.owner.received(letter, on: self.channel)
      }
    }
    return true
  }

  private func arrival(after previous: ContinuousClock.Instant) -> ContinuousClock.Instant {
    max(max(world.timeline.now, stalledUntil) + world.latency(), previous)
  }

  // MARK: - Faults

  /// Nothing arrives for some time; then everything does.
  func stall(for duration: Duration) {
    world.trace("\(name) stalls for \(duration)")
    stalledUntil = world.timeline.now + duration
  }

  /// Ends the connection, which loses what is on it. Another one is made after some time.
  func breakDown(reconnectingAfter delay: Duration?) {
    if isUp {
      world.trace("\(name) breaks")
      isUp = false
      generation += 1
      // Monitors are sockets: what they tell keeps its order, whatever timers are due.
      let controller = world.controller
      world.timeline.schedule(at: world.timeline.now + Self.noticeDelay) { [self] in
        owner.perform { self.owner.broke(self.channel) }
        controller?.perform { controller?.disconnected(self) }
      }
    }
    if let delay { connect(after: delay) }
  }

  /// Closes the connection for good, after what has been sent.
  func close() {
    let generation = generation
    world.timeline.schedule(at: max(latest.up, world.timeline.now)) {
      if self.generation == generation { self.breakDown(reconnectingAfter: nil) }
    }
  }

  /// Opens the connection anew, without what has not been sent.
  func reopen() {
    for letter in unsent { world.lost(letter, on: self) }
    unsent = []
    isUp = false
    generation += 1
    connect(after: world.latency())
  }

  /// Connects as soon as there is a controller.
  func connect(after delay: Duration) {
    guard !isConnecting else { return }
    isConnecting = true
    world.timeline.schedule(at: max(world.timeline.now + delay, stalledUntil)) { [self] in
      isConnecting = false
      guard owner.isAlive, !isUp else { return }
      guard let controller = world.controller, !controller.isStopped else { return connectLater() }
      isUp = true
      latest = (world.timeline.now, world.timeline.now)
      world.trace("\(name) is connected")
      let letters = unsent
      unsent = []
      for letter in letters { sendUp(letter) }
      owner.perform { self.owner.connected(self.channel) }
      controller.connected(self)
    }
  }

  /// Tries again at intervals. Tries that are known to be in vain are left out.
  private func connectLater() {
    let absence = (world.controller?.stoppedUntil ?? world.controllerStart) - world.timeline.now
    connect(after: Self.retryInterval * max((absence / Self.retryInterval).rounded(.up), 1))
  }

  /// Whether the owner has something to send.
  var hasUnsent: Bool { !unsent.isEmpty }
}
