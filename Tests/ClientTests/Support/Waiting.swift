/// A condition that did not come true.
struct WaitFailed: Error {
  let condition: String
}

/// Waits until a condition holds. Each look at it is a conversation with another thread.
func wait(_ condition: String, until holds: () async throws -> Bool) async throws {
  let deadline = ContinuousClock.now + .seconds(30)
  while try await !holds() {
    guard ContinuousClock.now < deadline else { throw WaitFailed(condition: condition) }
    await Task.yield()
  }
}
