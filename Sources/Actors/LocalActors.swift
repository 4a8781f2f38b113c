import Distributed

/// The actors of one process or engine by their numbers, without keeping them alive.
struct LocalActors: Sendable {
  private struct Entry: Sendable {
    weak var actor: (any DistributedActor)?
  }

  private var entries: [Int: Entry] = [:]
  private(set) var lastNumber = 0

  /// A number for an actor that is being made.
  mutating func assign() -> Int {
    lastNumber += 1
    return lastNumber
  }

  /// The actor is there.
  mutating func add(_ actor: any DistributedActor, _ number: Int) { entries[number] = Entry(actor: actor) }

  /// The actor is gone.
  mutating func remove(_ number: Int) { entries[number] = nil }

  /// The actor with a number. Let go of it outside of any lock: that may be its end, which changes this table.
  subscript(number: Int) -> (any DistributedActor)? { entries[number]?.actor }
}
