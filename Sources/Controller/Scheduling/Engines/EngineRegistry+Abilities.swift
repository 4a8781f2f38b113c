import MartletWire

/// Which engines could run what tasks require.
extension EngineRegistry {
  // MARK: - Several tasks at once

  /// Whether an engine runs several tasks at once if these allow it.
  @inline(__always)
  func isConcurrent(_ engine: EngineHandle) -> Bool { roster[engine].isConcurrent }

  /// Whether an engine can be given a task beside those that it has, which all run at once.
  ///
  /// - Parameter concurrency: how many of the task's kind may.
  func hasSlot(_ engine: EngineHandle, _ concurrency: UInt16) -> Bool {
    let load = pool.load(of: engine)
    return roster[engine].phase == .registered && !roster[engine].isRetiring && roster[engine].isConcurrent
      && Int(roster[engine].concurrentCount) == load && load < Int(concurrency)
  }

  /// The engines that can be given a task beside those that they have, with the fewest first.
  func withSlots(_ concurrency: UInt16) -> [EngineHandle] {
    roster.concurrent.filter { hasSlot($0, concurrency) }.sorted { pool.load(of: $0) < pool.load(of: $1) }
  }

  /// How many of an engine's tasks may have begun: the first, or as many as it runs at once.
  ///
  /// - Parameter pending: its tasks in the order of their dispatch.
  func begunCount<Payload>(of engine: EngineHandle, _ pending: [TaskHandle], _ tasks: TaskTable<Payload>) -> Int {
    guard let first = pending.first else { return 0 }
    // What an engine can do is unknown until it comes back.
    guard tasks[first].concurrency > 1, roster[engine].isConcurrent || roster[engine].isExpected else { return 1 }
    return pending.prefix { tasks[$0].concurrency > 1 }.count
  }

  // MARK: - Resources

  /// The registered engines that could run a task that requires these if they had no others.
  func able(_ required: Resources) -> [EngineHandle] {
    (required.isEmpty ? roster.registered : roster.offering).filter { roster[$0].budget.covers(required) }
  }

  /// The registered engines that could run a task now that requires this if they had no others.
  func able(_ demand: ResourceDemand, now: Instant) -> [EngineHandle] {
    let able = able(demand.resources)
    return demand.time == nil ? able : able.filter { hasTime(for: demand, $0, now: now) }
  }

  /// Whether an engine has as much time left as is required.
  func hasTime(for demand: ResourceDemand, _ engine: EngineHandle, now: Instant) -> Bool {
    guard let time = demand.time, let end = roster[engine].end else { return true }
    return time <= end - now
  }

  /// The time of the one of some engines that has the most left; `nil` if one of them has no limit.
  func longestTime(of engines: [EngineHandle], now: Instant) -> Duration? {
    var longest = Duration.zero
    for engine in engines {
      guard let end = roster[engine].end else { return nil }
      longest = max(longest, end - now)
    }
    return longest
  }

  /// The engines outside a blacklist that can be given a task that requires this now.
  func withRoom(
    for demand: ResourceDemand, excluding blacklist: Set<EngineToken>, now: Instant
  ) -> [EngineHandle] {
    (demand.resources.isEmpty ? pool.available : roster.offering).filter {
      pool.contains($0) && isBelowMark($0) && roster[$0].budget.hasLeft(demand.resources)
        && hasTime(for: demand, $0, now: now) && !blacklist.contains(token(of: $0))
    }
  }

  /// One kind of demands more or less awaits the engines that could meet it. Those for which any engine will do don't count.
  mutating func changeAwaited(by change: Int32, _ required: Resources) {
    guard !required.isEmpty else { return }
    for engine in able(required) { self[engine].awaitedCount += change }
  }
}
