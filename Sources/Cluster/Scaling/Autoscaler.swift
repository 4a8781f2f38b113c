/// Decides when a group of engines gets more engines or fewer. A value without I/O and without a clock.
///
/// A backlog that the group's engines can't do brings none. One that the present engines could do brings some only if there is no
/// idle one beside it, for a while; one that they can't, because they lack what it requires or have too little time left,
/// brings as many as there are tasks.
struct Autoscaler: Sendable, Hashable {
  /// A registered engine that is to stay.
  struct Engine: Sendable, Hashable {
    let uuid: String
    let place: EngineKey
    /// How many requests it has, the running one included.
    let load: Int
  }

  /// Engines that were asked for together and wait in a scheduler's queue.
  struct Waiting: Sendable, Hashable {
    let place: EngineKey
    let count: Int
  }

  /// What there is.
  struct Observation: Sendable, Hashable {
    var engines: [Engine] = []
    /// How many engines are starting: they have not registered.
    var starting = 0
    /// Those of them that can still be called off.
    var waiting: [Waiting] = []
    /// How many load-balanced tasks wait that another engine of the group could take.
    var queued = 0
    /// How many of these no registered engine can run.
    var unmet = 0
    /// How many engines have ended that should not, since the group began.
    var ends = 0
    /// Whether the engines of a place only end together.
    var endsTogether = false
  }

  /// What to do.
  enum Step: Sendable, Hashable {
    case grow(to: Int)
    /// Call these off, if they still wait.
    case callOff([EngineKey])
    /// Have these leave, if they are still unused.
    case shrink([String])
  }

  /// How long an engine has been idle.
  private struct Idleness: Sendable, Hashable {
    var since: ContinuousClock.Instant
    var seen: ContinuousClock.Instant
  }

  let scaling: EngineScaling
  private let maximum: Int
  private var backlogSince: ContinuousClock.Instant?
  /// Since when there are engines waiting that no task needs any more.
  private var surplusSince: ContinuousClock.Instant?
  /// The idle engines, by uuid.
  private var idle: [String: Idleness] = [:]
  private var failures = 0
  private var pausedUntil: ContinuousClock.Instant?
  private var ends = 0
  private var registered = 0

  /// How long tasks have to wait before there are more engines: short ones are done before.
  static let patience = Duration.seconds(1)
  /// The first and the longest pause after engines could not be started or have ended.
  static let pauses = Duration.seconds(10)...Duration.seconds(300)

  /// Scales a group within bounds.
  ///
  /// - Parameter limit: how many engines the group can have at all.
  init(_ scaling: EngineScaling, limit: Int) {
    self.scaling = scaling
    maximum = min(scaling.maximum, limit)
  }

  /// How much of an engine's lifetime a task can have: some of it is over before the engine gets one.
  static func usable(_ lifetime: Duration) -> Duration { lifetime - min(lifetime / 10, .seconds(10)) }

  /// Looks at the group.
  mutating func step(_ seen: Observation, at now: ContinuousClock.Instant) -> Step? {
    note(seen, at: now)
    let count = seen.engines.count + seen.starting
    let minimum = min(scaling.minimum, maximum)
    if count < minimum { return isPaused(at: now) ? nil : .grow(to: minimum) }
    let waiting = idle.isEmpty ? seen.queued + seen.engines.reduce(0) { $0 + max($1.load - 1, 0) } : seen.unmet
    let backlog = waiting - seen.starting
    let unneeded = unneeded(seen, atMost: min(-backlog, count - minimum))
    if unneeded.isEmpty { surplusSince = nil }
    guard backlog > 0, count < maximum else {
      backlogSince = nil
      if !unneeded.isEmpty {
        let since = surplusSince ?? now
        surplusSince = since
        if now - since >= scaling.idleTime { return .callOff(unneeded) }
      }
      return shrink(seen, from: count, at: now)
    }
    let since = backlogSince ?? now
    backlogSince = since
    guard now - since >= Self.patience, !isPaused(at: now) else { return nil }
    backlogSince = nil
    return .grow(to: count + min(backlog, maximum - count))
  }

  /// Engines could not be started: the next attempt waits, each time longer.
  mutating func failed(at now: ContinuousClock.Instant) {
    pausedUntil = now + min(Self.pauses.lowerBound * (1 << min(failures, 16)), Self.pauses.upperBound)
    failures += 1
  }

  /// Engines did not leave, because they are in use: they are asked again after another idle time.
  mutating func stayed(_ uuids: some Sequence<String>, at now: ContinuousClock.Instant) {
    for uuid in uuids { idle[uuid] = Idleness(since: now, seen: now) }
  }

  private mutating func note(_ seen: Observation, at now: ContinuousClock.Instant) {
    if seen.ends > ends { failed(at: now) }
    ends = seen.ends
    if seen.engines.count > registered { (failures, pausedUntil) = (0, nil) }
    registered = seen.engines.count
    var count = 0
    for engine in seen.engines where engine.load == 0 {
      idle[engine.uuid, default: Idleness(since: now, seen: now)].seen = now
      count += 1
    }
    if idle.count > count { idle = idle.filter { $0.value.seen == now } }
  }

  /// What waits and isn't needed, the latest first; what can be called off only as a whole is needed if one of it is.
  private func unneeded(_ seen: Observation, atMost limit: Int) -> [EngineKey] {
    var left = limit
    return seen.waiting.sorted { $1.place.isBefore($0.place) }.filter { waiting in
      guard waiting.count <= left else { return false }
      left -= waiting.count
      return true
    }.map(\.place)
  }

  private func isPaused(at now: ContinuousClock.Instant) -> Bool { pausedUntil.map { now < $0 } ?? false }

  /// Those leave first that give a whole job back, then the latest.
  private func shrink(_ seen: Observation, from count: Int, at now: ContinuousClock.Instant) -> Step? {
    var left = count - scaling.minimum
    guard left > 0, idle.values.contains(where: { now - $0.since >= scaling.idleTime }) else { return nil }
    let ready = seen.engines.filter { idle[$0.uuid].map { now - $0.since >= scaling.idleTime } ?? false }
    let sizes = seen.engines.reduce(into: [:]) { $0[$1.place, default: 0] += 1 }
    let places = Dictionary(grouping: ready, by: \.place).sorted { $1.key.isBefore($0.key) }
    var chosen: [String] = []
    var others: [String] = []
    for (place, members) in places {
      let uuids = members.map(\.uuid)
      if members.count == sizes[place], members.count <= left {
        left -= members.count
        chosen += uuids
      } else {
        others += uuids
      }
    }
    if !seen.endsTogether { chosen += others.prefix(left) }
    return chosen.isEmpty ? nil : .shrink(chosen)
  }
}
