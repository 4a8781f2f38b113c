import Distributed
import Martlet
import Synchronization

/// An actor of the tests.
distributed actor Counter {
  typealias ActorSystem = MartletActorSystem

  /// The error of ``fail(with:)``.
  struct Overflow: Error, Codable, Equatable {
    let limit: Int
  }

  /// A nested actor, whose mangled name begins with that of ``Counter``.
  distributed actor Inner {
    typealias ActorSystem = MartletActorSystem
    distributed func reveal() -> Int { 1 }
  }

  /// Those that answer ``pass(_:)``, in this process.
  static let gate = Mutex<Set<RemoteActorID>>([])
  /// Those that have begun to ``sleep()``, in this process.
  static let sleepers = Mutex<Set<RemoteActorID>>([])

  private var count: Int
  private let onEnd: @Sendable () -> Void

  init(from count: Int, onEnd: @escaping @Sendable () -> Void = {}, actorSystem: ActorSystem) {
    self.count = count
    self.onEnd = onEnd
    self.actorSystem = actorSystem
  }

  deinit { onEnd() }

  distributed func add(_ number: Int) -> Int {
    count += number
    return count
  }

  distributed func add(_ number: Int, times: Int) -> Int { add(number * times) }
  distributed func reset() { count = 0 }
  distributed var value: Int { count }
  distributed func fail(with limit: Int) throws { throw Overflow(limit: limit) }
  distributed func failPrivately() throws -> Int { throw Uncodable() }
  distributed func take(from other: Counter) async throws -> Int { add(try await other.value) }
  distributed func identity() -> Counter { self }
  distributed func echo<Value: Codable & Sendable>(_ value: Value) -> Value { value }
  distributed func describe(_ names: [String: Double], at time: Double?) -> String {
    "\(names.sorted { $0.key < $1.key }) \(time as Any)"
  }
  distributed func sleep() async throws {
    Self.sleepers.withLock { _ = $0.insert(id) }
    try await Task.sleep(for: .seconds(3600))
  }

  /// Waits until the actor is to be released, see ``gate``.
  distributed func pass(_ number: Int) async throws -> Int {
    while !Self.gate.withLock({ $0.contains(id) }) { try await Task.sleep(for: .milliseconds(1)) }
    return add(number)
  }

  private func local() {
    distributed actor Local {
      typealias ActorSystem = MartletActorSystem
      distributed func hide() -> Int { 1 }
    }
    _ = Local.self
  }
}

private struct Uncodable: Error, CustomStringConvertible {
  let description = "not Codable"
}

extension Counter {
  distributed func double() -> Int { add(count) }
}

/// A type of the tests with the same methods as another.
distributed actor Other {
  typealias ActorSystem = MartletActorSystem
  distributed func add(_ number: Int) -> Int { number }
}

let counters = RemoteActor { (system: MartletActorSystem, start: Int) throws in
  if start < 0 { throw Counter.Overflow(limit: start) }
  return Counter(from: start, actorSystem: system)
}
let others = RemoteActor { (system: MartletActorSystem) in Other(actorSystem: system) }
