import Logging
import MartletWire
import MartletZeroMQ

/// Watches the connections of all of the controller's sockets: logs peers that fail the security handshake, and ends
/// connections over which somebody without the key takes memory, descriptors or the place of another peer.
actor ConnectionWatch: EventLoopActor {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  private let watched: [Watched]
  private let logger: Logger
  private let limits: Limits
  private var heldMemory: HeldMemory
  private var tokens: [EventLoop.Token] = []
  private var timer: EventLoop.Token?
  /// When a key was revoked last, for as long as that matters, and the keys that are admitted.
  private var revocation: (time: Instant, admission: CurrentAdmission)?
  private var refused = LogThrottle()
  private var ended = LogThrottle()
  private var shortages = LogThrottle()

  /// What all connections together may take.
  struct Limits: Sendable {
    /// The first descriptor that a connection may not have; nil if the system doesn't tell how many are possible.
    var descriptor: Int?
    /// The bytes that unfinished messages may take from peers that have not proven to have the key.
    var held: UInt64
    /// The bytes in use from which on peers that take much have to leave, even if they have the key.
    var total: UInt64

    /// Limits for this process, once its sockets are open.
    static var ofProcess: Limits {
      Limits(
        descriptor: DescriptorRoom.now().map { $0.limit - min(reserve, $0.left / 4) },
        held: AvailableMemory.strangers, total: AvailableMemory.total)
    }

    /// The descriptors left for files, child processes, and connections that are accepted before others are ended.
    private static let reserve = 128
  }

  /// One socket.
  private final class Watched {
    let name: String
    let ears: ConnectionEars
    /// Tells when there is something for the ears to read; nil if the socket's owner has the monitor.
    let monitor: SharedSocketMonitor?
    var table: ConnectionTable
    var failures = HandshakeFailures()
    /// Who takes the memory while it is short.
    var crowd = CrowdedConnections()
    /// The connections that a message came from since the last check.
    var heard: Set<Int32> = []

    /// Whether the socket's loop has to tell where messages come from.
    var isListening: Bool { table.isListening || crowd.isLooking }

    init(_ socket: EndpointBinder.WatchedSocket) {
      name = socket.name
      ears = socket.ears
      monitor = socket.monitor
      table = ConnectionTable(role: socket.role, limits: socket.limits, identifies: socket.ears.identifies)
    }
  }

  init(_ sockets: [EndpointBinder.WatchedSocket], limits: Limits, loop: EventLoop, logger: Logger) {
    watched = sockets.map { Watched($0) }
    self.limits = limits
    heldMemory = HeldMemory(limit: limits.held)
    self.loop = loop
    self.logger = logger
  }

  func start() {
    for index in watched.indices {
      guard let monitor = watched[index].monitor else { continue }
      tokens.append(monitor.onEvents(loop) { [unowned self] in assumeIsolated { $0.read(index) } })
    }
    check()
  }

  func stop() {
    for token in tokens { loop.cancel(token) }
    if let timer { loop.cancel(timer) }
  }

  /// Ends the connections of peers whose keys are not admitted any more, now and a moment later.
  nonisolated func endRevoked(_ admission: CurrentAdmission) {
    execute { watch in
      watch.revocation = (.now, admission)
      for index in watch.watched.indices {
        watch.read(index)
        watch.check(watch.watched[index])
      }
    }
  }

  private func read(_ index: Int) {
    let socket = watched[index]
    for (event, time) in socket.ears.takeEvents() { note(event, socket, at: time) }
  }

  private func note(_ event: SocketEvent, _ socket: Watched, at time: Instant) {
    let descriptor = Int32(bitPattern: event.value)
    switch event.kind {
    case .accepted: accepted(descriptor, socket, at: time)
    case .disconnected: socket.table.disconnected(descriptor, now: time)
    default: socket.failures.note(event, socket: socket.name, logger: logger)
    }
  }

  /// Takes note of a new connection, or ends it if there are too many: out of descriptors, libzmq would try to accept
  /// the next one again and again. Its descriptor tells, not the tables' count: those that have left may not be noted.
  private func accepted(_ descriptor: Int32, _ socket: Watched, at time: Instant) {
    socket.table.accepted(descriptor, now: time)
    socket.ears.listen(socket.isListening)
    guard let limit = limits.descriptor, descriptor >= limit else { return }
    AcceptedConnection.end(descriptor)
    refused.log(
      .error, "too many connections: a new one was refused; raise the limit of open files (ulimit -n)", to: logger,
      metadata: [LogKey.socket: "\(socket.name)", LogKey.limit: "\(limit)"])
  }

  // MARK: - Checks

  /// The time to the next check. Many connections are checked less often, as each costs a system call.
  private var interval: Duration {
    .milliseconds(min(max(100, watched.reduce(0) { $0 + $1.table.count } / 5), 400))
  }

  private func check() {
    for socket in watched { check(socket) }
    limitHeldMemory()
    relieveMemory()
    if let time = revocation?.time, .now - time > ConnectionTable.revocationTime { revocation = nil }
    timer = schedule(at: .now + interval) { $0.check() }
  }

  private func check(_ socket: Watched) {
    let notes = socket.ears.take()
    socket.heard = Set(notes.heard.keys)
    for (event, time) in notes.events { note(event, socket, at: time) }
    for (descriptor, last) in notes.heard {
      socket.table.heard(descriptor, isValid: false, key: last.key, at: last.any)
      if let time = last.valid { socket.table.heard(descriptor, isValid: true, at: time) }
    }
    if let time = notes.missingSince {
      let ends = socket.table.missingEngine(since: time) { AcceptedConnection.traffic($0) }
      for end in ends { perform(end, socket) }
    }
    let ends = socket.table.check(
      now: .now, published: socket.ears.published, traffic: { AcceptedConnection.traffic($0) })
    for end in ends { perform(end, socket) }
    if let (time, admission) = revocation {
      let current = admission.value
      for end in socket.table.revoked(at: time, isAdmitted: { current.role(of: $0) != nil }) { perform(end, socket) }
    }
    socket.ears.listen(socket.isListening)
  }

  /// Ends the connection that holds most if all together hold too much.
  private func limitHeldMemory() {
    var total: UInt64 = 0
    var largest: (socket: Watched, descriptor: Int32, held: UInt64)?
    for socket in watched {
      for (descriptor, held) in socket.table.holders {
        total += held
        if held > largest?.held ?? 0 { largest = (socket, descriptor, held) }
      }
    }
    let isExceeded = heldMemory.isExceeded(
      held: total, resident: ProcessMemory.residentSize(), allocated: ProcessMemory.usage?.allocated)
    guard isExceeded, let largest else { return }
    perform(.init(descriptor: largest.descriptor, reason: .held), largest.socket)
  }

  /// Ends the connection that most likely takes the memory while it is short, one at each check.
  private func relieveMemory() {
    // Beats are small, and what subscribers may be behind is limited.
    let crowded = watched.filter { $0.table.role != .hearts && $0.table.role != .subscribers }
    guard let size = ProcessMemory.residentSize(), size > limits.total, let usage = ProcessMemory.usage,
      usage.allocated > limits.total
    else {
      for socket in crowded where socket.crowd.isLooking { socket.crowd.forget() }
      return
    }
    shortages.log(
      .error, "memory is short: peers that do not read or whose messages do not end have to leave", to: logger,
      metadata: [LogKey.bytes: "\(usage.allocated)", LogKey.limit: "\(limits.total)"])
    let now = Instant.now
    var worst: (suspect: CrowdedConnections.Suspect, socket: Watched)?
    for socket in crowded {
      let looks = socket.table.all.map { descriptor, accepted in
        CrowdedConnections.Look(
          descriptor: descriptor, accepted: accepted, traffic: AcceptedConnection.traffic(descriptor),
          waiting: AcceptedConnection.waiting(descriptor) ?? 0, isHeard: socket.heard.contains(descriptor))
      }
      guard let suspect = socket.crowd.look(at: looks, now: now).max() else { continue }
      if worst.map({ $0.suspect < suspect }) ?? true { worst = (suspect, socket) }
    }
    if let worst { perform(worst.suspect.end, worst.socket) }
  }

  private func perform(_ end: ConnectionTable.End, _ socket: Watched) {
    AcceptedConnection.end(end.descriptor)
    let level: Logger.Level =
      switch end.reason {
      case .held, .backlog, .unread, .quiet: .warning
      // Messages may be lost with it.
      case .unreachable, .silent: .info
      case .mute, .revoked, .unidentified: .debug
      }
    ended.log(
      level, "a connection was ended: \(end.reason.rawValue)", to: logger,
      metadata: [LogKey.socket: "\(socket.name)"])
  }
}
