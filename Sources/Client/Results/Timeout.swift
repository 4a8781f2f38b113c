extension Duration {
  /// The duration as a time to wait: negative durations count as zero, those above some 31 years as 31 years, because
  /// clocks and timers overflow on larger ones.
  var boundedWait: Duration { min(max(self, .zero), .seconds(1_000_000_000)) }
}

/// Runs an operation for a limited time.
///
/// - Throws: what the operation throws, or the error that `onTimeout` gives.
func withTimeout<Success: Sendable>(
  _ timeout: Duration, _ operation: @escaping @Sendable () async throws -> Success,
  onTimeout: @Sendable () -> ClientError
) async throws -> Success {
  try await withThrowingTaskGroup(of: Success?.self) { group in
    group.addTask { try await operation() }
    group.addTask {
      try await Task.sleep(for: timeout.boundedWait)
      return nil
    }
    defer { group.cancelAll() }
    guard let first = try await group.next(), let success = first else { throw onTimeout() }
    return success
  }
}
