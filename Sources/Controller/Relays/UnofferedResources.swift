import MartletWire

/// What tasks wait for that no engine offers, as far as it has been said.
///
/// Engines come one by one, and to look takes time, so there is a look only a while after tasks have begun to wait, and at
/// most one in each ``interval``.
struct UnofferedResources {
  /// The time between looks.
  static let interval = Duration.seconds(1)

  /// When to look next; `nil` if nothing is waited for.
  private(set) var nextLook: Instant?
  private var noted: Set<Resources> = []

  /// Looks, if it is time.
  ///
  /// - Parameters:
  ///   - isWaiting: whether tasks that require something are queued, and engines registered.
  ///   - unoffered: what such tasks require that no engine offers.
  /// - Returns: what is new among that.
  mutating func look(
    isWaiting: Bool, now: @autoclosure () -> Instant, _ unoffered: () -> Set<Resources>
  ) -> [Resources] {
    guard isWaiting || nextLook != nil else { return [] }
    let now = now()
    guard let due = nextLook else {
      nextLook = now + Self.interval
      return []
    }
    guard now >= due else { return [] }
    nextLook = isWaiting ? now + Self.interval : nil
    let missing = isWaiting ? unoffered() : []
    defer { noted = missing }
    return missing.subtracting(noted).sorted { "\($0)" < "\($1)" }
  }
}
