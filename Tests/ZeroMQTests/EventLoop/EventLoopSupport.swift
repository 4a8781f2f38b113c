import Testing

@testable import MartletZeroMQ

/// A log that only the loop's thread uses.
actor LoopLog {
  let loop: EventLoop
  private(set) var entries: [String] = []
  private var wanted = Int.max
  private var waiting: CheckedContinuation<Void, Never>?

  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  init(_ loop: EventLoop) { self.loop = loop }

  func add(_ entry: String) {
    loop.checkIsolated()
    entries.append(entry)
    guard entries.count >= wanted, let waiting else { return }
    self.waiting = nil
    waiting.resume()
  }

  /// Adds an entry from a callback on the loop's thread.
  nonisolated func note(_ entry: String) { assumeIsolated { $0.add(entry) } }

  /// Waits until the log has at least `count` entries.
  func entries(atLeast count: Int) async -> [String] {
    if entries.count < count {
      wanted = count
      await withCheckedContinuation { waiting = $0 }
    }
    return entries
  }
}

extension EventLoop {
  static func started(_ name: String) throws -> EventLoop {
    let loop = try EventLoop(name: name)
    try loop.start()
    return loop
  }

  /// Runs a closure on the loop's thread and waits for its result.
  func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      do {
        try execute { continuation.resume(with: Result { try body() }) }
      } catch {
        continuation.resume(throwing: error)
      }
    }
  }

  func end() async {
    stop()
    await waitUntilStopped()
  }
}

/// A value confined to the loop's thread.
///
/// `@unchecked Sendable`: only the loop's thread uses the value while the loop runs. Tests read it after the loop ends.
final class Local<Value>: @unchecked Sendable {
  var value: Value
  init(_ value: Value) { self.value = value }
}
