import Foundation

/// How a role ends its process.
public enum RoleExit {
  /// Runs a role until it is done or a shutdown is asked for, and gives the exit code: 0 also for the signals
  /// that roles are stopped by; 1 with one line on standard error otherwise.
  ///
  /// - Parameter program: named in front of the error.
  public static func code(
    _ program: String, _ role: @escaping @Sendable () async throws -> Void
  ) async -> Int32 {
    do {
      try await runUntilShutdown(role)
      return 0
    } catch is Interruption {
      return 0
    } catch {
      report("\(program): \(error)")
      return 1
    }
  }

  /// Writes a line to standard error.
  public static func report(_ line: String) {
    // Whoever closed standard error does not want the line.
    try? FileHandle.standardError.write(contentsOf: Data("\(line)\n".utf8))
  }
}
