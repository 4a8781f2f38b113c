import Synchronization

/// The engine's id, which may change when the engine registers again.
final class EngineNumber: Sendable {
  private let value: Atomic<Int>

  init(_ id: Int) { value = Atomic(id) }

  /// The id at present.
  var current: Int { value.load(ordering: .relaxed) }

  /// Changes the id.
  func change(to id: Int) { value.store(id, ordering: .relaxed) }
}
