import Synchronization

/// The ``NameLeasesState`` of an engine, whose runner keeps names and whose I/O loop lets go of them.
final class NameLeases: Sendable {
  private let state = Mutex(NameLeasesState())
  private let onFirst = Mutex<(@Sendable () -> Void)?>(nil)

  /// Sets what to call when something is kept and nothing was before.
  func onStart(_ action: @escaping @Sendable () -> Void) { onFirst.withLock { $0 = action } }

  /// A request has set a name.
  func keep(_ kept: KeptName) {
    let isFirst = state.withLock { state in
      defer { state.keep(kept, at: .now) }
      return state.isEmpty
    }
    if isFirst { onFirst.withLock { $0 }?() }
  }

  /// A name was removed.
  func forget(_ name: String) { state.withLock { $0.forget(name) } }

  /// All names were removed.
  func forgetAll() { state.withLock { $0.forgetAll() } }

  /// A client was heard of. See ``NameLeasesState/renew(_:for:at:)``.
  func renew(_ owner: String, for time: Duration) -> [String] {
    state.withLock { $0.renew(owner, for: time, at: .now) }
  }

  /// Time has passed.
  ///
  /// - Returns: the names to remove, and whether others are kept.
  func check() -> (ended: [String], goesOn: Bool) { state.withLock { ($0.check(at: .now), !$0.isEmpty) } }
}
