import Martlet
import Synchronization

/// Calls that wait for one another, which they can only do when they run at once.
enum Meeting {
  private struct State {
    /// How many have come, without those that were told to stop.
    var arrived = 0
    var present = 0
    /// The most that were there at once since nobody was.
    var peak = 0
  }

  private static let state = Mutex(State())

  /// Says who comes, waits for the others of its group, of so many in the order in which they come, says who leaves, and returns
  /// how many were there at once.
  static let meet = RemoteFunction("meet", concurrency: 4) { (name: String, count: Int) async throws -> Int in
    print("\(name) comes")
    let complete = state.withLock { state in
      state.present += 1
      state.peak = max(state.peak, state.present)
      defer { state.arrived += 1 }
      return (state.arrived / count + 1) * count
    }
    defer {
      state.withLock {
        $0.present -= 1
        if $0.present == 0 { $0.peak = 0 }
      }
    }
    do {
      while state.withLock({ $0.arrived }) < complete { try await Task.sleep(for: .milliseconds(1)) }
    } catch {
      state.withLock { $0.arrived -= 1 }
      throw error
    }
    print("\(name) leaves")
    return state.withLock { $0.peak }
  }
}
