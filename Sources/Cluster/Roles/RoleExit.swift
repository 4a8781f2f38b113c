import Foundation

/// Turns a role's outcome into an exit code and messages.
public enum RoleExit {
  /// The exit code for a command line that can't be used.
  public static let usageErrorCode: Int32 = 2

  static let usageErrorPrefix = "Error: "

  /// Runs a role until it finishes or a shutdown is requested. Returns the exit code: 0 on success or after a shutdown;
  /// 1 with the error on standard error; 2 with the error and the usage if an option can't be used; 75 for an engine that has
  /// retired and wants to be replaced.
  ///
  /// - Parameters:
  ///   - program: the name that precedes an error message.
  ///   - usage: how to use the program, for example `martlet engine [options]`.
  public static func code(
    _ program: String, usage: String, _ role: @escaping @Sendable () async throws -> Void
  ) async -> Int32 {
    do {
      try await runUntilShutdown(role)
      return 0
    } catch is Interruption {
      return 0
    } catch let retired as RetiredEngine {
      report("\(program): \(retired)")
      return Int32(RetiredEngine.exitCode)
    } catch let error as OptionError {
      report(error, program: program, usage: usage)
      return usageErrorCode
    } catch {
      report("\(program): \(error)")
      return 1
    }
  }

  /// Writes a command-line error and the usage to standard error, in ArgumentParser's format.
  public static func report(_ error: OptionError, program: String, usage: String) {
    report(
      """
      \(usageErrorPrefix)\(error)
      Usage: \(usage)
        See '\(program) --help' for more information.
      """)
  }

  /// Writes a line to standard error.
  public static func report(_ line: String) {
    // A closed standard error has no reader, so ignore the failure.
    try? FileHandle.standardError.write(contentsOf: Data("\(line)\n".utf8))
  }
}
