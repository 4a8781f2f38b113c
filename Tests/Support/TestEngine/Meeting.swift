import Martlet
import Synchronization

/// Calls that wait for one another, which they can only do when they run at once.
enum Meeting {
  private struct State {
    var present = 0
    /// The most that were there at once since nobody was.
    var peak = 0
  }

  private static let state = Mutex(State())

  /// Says who comes, waits until so many are there at once, says who leaves, and returns how many were there.
  static let meet = RemoteFunction("meet", concurrency: 4) { (name: String, count: Int) async throws -> Int in
    print("\(name) comes")
    state.withLock {
      $0.present += 1
      $0.peak = max($0.peak, $0.present)
    }
    defer {
      state.withLock {
        $0.present -= 1
        if $0.present == 0 { $0.peak = 0 }
      }
    }
    while state.withLock({ $0.peak }) < count { try await Task.sleep(for: .milliseconds(1)) }
    print("\(name) leaves")
    return state.withLock { $0.peak }
  }
}
