/// A condition did not become true in time.
struct WaitFailed: Error {
  let condition: String
}

/// Waits until a condition holds. Each check involves another thread, so this doesn't spin.
func wait(_ condition: String, until holds: () async throws -> Bool) async throws {
  let deadline = ContinuousClock.now + .seconds(30)
  while try await !holds() {
    guard ContinuousClock.now < deadline else { throw WaitFailed(condition: condition) }
    await Task.yield()
  }
}
