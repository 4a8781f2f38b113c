/// The calls that run at once on an engine, and what its runner waits for. A value without I/O.
struct ConcurrentCalls<Item: Sendable>: Sendable {
  /// What there has to be before the runner goes on.
  enum Need: Sendable, Hashable {
    /// Fewer calls of a function than may run at once.
    case slot(of: String, limit: Int)
    /// No call.
    case quiet
  }

  private var calls: [Int: (function: String, item: Item)] = [:]
  private var counts: [String: Int] = [:]
  private var latest = 0
  private var awaited: Need?

  /// The calls that run, in the order of their begin.
  var all: [Item] { calls.sorted { $0.key < $1.key }.map(\.value.item) }

  var isEmpty: Bool { calls.isEmpty }

  /// A call begins. Returns its number.
  mutating func begin(_ item: Item, of function: String) -> Int {
    latest += 1
    calls[latest] = (function, item)
    counts[function, default: 0] += 1
    return latest
  }

  /// A call has ended.
  ///
  /// - Returns: whether there is now what the runner waits for.
  mutating func end(_ number: Int) -> Bool {
    guard let call = calls.removeValue(forKey: number) else { return false }
    let left = (counts[call.function] ?? 1) - 1
    counts[call.function] = left > 0 ? left : nil
    guard let need = awaited, isMet(need) else { return false }
    awaited = nil
    return true
  }

  /// The runner needs something.
  ///
  /// - Returns: whether it has to wait until ``end(_:)`` says so.
  mutating func wait(for need: Need) -> Bool {
    guard !isMet(need) else { return false }
    awaited = need
    return true
  }

  private func isMet(_ need: Need) -> Bool {
    switch need {
    case .slot(let function, let limit): counts[function] ?? 0 < limit
    case .quiet: calls.isEmpty
    }
  }
}
