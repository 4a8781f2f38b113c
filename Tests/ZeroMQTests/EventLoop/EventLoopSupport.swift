import Testing

@testable import MartletZeroMQ

/// What callbacks on a loop's thread have noted; touched by that thread only.
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

  /// For callbacks that run on the loop's thread.
  nonisolated func note(_ entry: String) { assumeIsolated { $0.add(entry) } }

  /// Waits until so many entries are there.
  func entries(atLeast count: Int) async -> [String] {
    if entries.count < count {
      wanted = count
      await withCheckedContinuation { waiting = $0 }
    }
    return entries
  }
}

extension EventLoop {
  /// Runs a closure on the loop's thread and waits for what it gives.
  func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      execute { continuation.resume(with: Result { try body() }) }
    }
  }

  func end() async {
    stop()
    await waitUntilStopped()
  }
}

/// Holds a value that only the loop's thread touches.
final class Local<Value>: @unchecked Sendable {
  var value: Value
  init(_ value: Value) { self.value = value }
}
