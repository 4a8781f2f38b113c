/// The names that are kept for clients: all those of a client live as long as it is heard of. A value without I/O.
struct NameLeasesState: Sendable {
  private struct Owner: Sendable {
    var end: ContinuousClock.Instant
    var names: Set<String> = []
  }

  /// How often to look for leases that have ended.
  static let interval = Duration.seconds(1)

  private var owners: [String: Owner] = [:]
  private var ownersByName: [String: String] = [:]
  private var lastCheck: ContinuousClock.Instant?

  /// Whether nothing is kept.
  var isEmpty: Bool { owners.isEmpty }

  /// A request has set a name.
  mutating func keep(_ kept: KeptName, at now: ContinuousClock.Instant) {
    forget(kept.name)
    let end = now + kept.time
    owners[kept.owner, default: Owner(end: end)].end = max(owners[kept.owner]?.end ?? end, end)
    owners[kept.owner]?.names.insert(kept.name)
    ownersByName[kept.name] = kept.owner
  }

  /// A name was removed.
  mutating func forget(_ name: String) {
    guard let owner = ownersByName.removeValue(forKey: name) else { return }
    owners[owner]?.names.remove(name)
    if owners[owner]?.names.isEmpty ?? true { owners[owner] = nil }
  }

  /// All names were removed.
  mutating func forgetAll() { self = NameLeasesState() }

  /// A client says that it needs its names for some more time, or, with zero, that it doesn't.
  ///
  /// - Returns: the names to remove.
  mutating func renew(_ owner: String, for time: Duration, at now: ContinuousClock.Instant) -> [String] {
    guard owners[owner] != nil else { return [] }
    if time == .zero { return remove(owner) }
    owners[owner]?.end = now + time
    return []
  }

  /// Time has passed.
  ///
  /// - Returns: the names to remove, because their clients were not heard of in time.
  mutating func check(at now: ContinuousClock.Instant) -> [String] {
    defer { lastCheck = owners.isEmpty ? nil : now }
    // While the engine itself was stopped it could hear of nobody.
    if let lastCheck, now - lastCheck > Self.interval * 5 {
      for owner in owners.keys { owners[owner]?.end += now - lastCheck }
    }
    return owners.filter { $0.value.end <= now }.keys.sorted().flatMap { remove($0) }
  }

  private mutating func remove(_ owner: String) -> [String] {
    let names = (owners.removeValue(forKey: owner)?.names ?? []).sorted()
    for name in names { ownersByName[name] = nil }
    return names
  }
}
