@testable import MartletController

/// A process that may end or stand still. What happens to it meanwhile waits until it goes on.
class SimulatedProcess {
  unowned let world: Simulation
  let name: String
  private(set) var isAlive = true
  /// When it goes on, if it stands still.
  private(set) var stoppedUntil: ContinuousClock.Instant?
  private var waiting: [(isTimer: Bool, action: () -> Void)] = []

  init(_ world: Simulation, name: String) {
    self.world = world
    self.name = name
  }

  var isStopped: Bool { stoppedUntil != nil }
  var now: ContinuousClock.Instant { world.timeline.now }

  /// Does something in this process, now or when it goes on.
  func perform(isTimer: Bool = false, _ action: @escaping () -> Void) {
    guard isAlive else { return }
    if isStopped { waiting.append((isTimer, action)) } else { action() }
  }

  /// Does something in this process at a time.
  func at(_ time: ContinuousClock.Instant, _ action: @escaping () -> Void) {
    world.timeline.schedule(at: time) { [weak self] in self?.perform(isTimer: true, action) }
  }

  /// Does something in this process after some time.
  func after(_ delay: Duration, _ action: @escaping () -> Void) { at(now + delay, action) }

  /// Stops the process for some time, as SIGSTOP and SIGCONT do.
  func stop(for duration: Duration) {
    guard isAlive, !isStopped else { return }
    world.trace("\(name) stops for \(duration)")
    let end = now + duration
    stoppedUntil = end
    world.timeline.schedule(at: end) { [weak self] in self?.goOn() }
  }

  /// Ends the process at once.
  func end() {
    isAlive = false
    waiting = []
  }

  private func goOn() {
    guard isAlive else { return }
    stoppedUntil = nil
    world.trace("\(name) goes on")
    // A loop looks at its timers before its sockets or after them.
    let actions = world.chance(0.5) ? waiting.filter(\.isTimer) + waiting.filter { !$0.isTimer } : waiting
    waiting = []
    for waiting in actions where isAlive { waiting.action() }
  }
}

/// A process that connects to the controller.
class SimulatedPeer: SimulatedProcess {
  private(set) var links: [Channel: Link] = [:]

  /// A link of this process; it is made when it is used first.
  func link(_ channel: Channel) -> Link {
    if let known = links[channel] { return known }
    let link = Link(channel, of: self, world)
    links[channel] = link
    return link
  }

  /// Its links in a fixed order.
  var allLinks: [Link] { Channel.allCases.compactMap { links[$0] } }

  func received(_ letter: Letter, on channel: Channel) {}
  func connected(_ channel: Channel) {}
  func broke(_ channel: Channel) {}
}
