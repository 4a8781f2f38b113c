import Foundation

/// How a role ends its process.
public enum RoleExit {
  /// The exit code for a command line that can't be used.
  public static let usageErrorCode: Int32 = 2

  static let usageErrorPrefix = "Error: "

  /// Runs a role until it is done or a shutdown is requested, and returns the exit code: 0, also after a signal; 1 with
  /// the error on standard error; 2 with error and usage if an option can't be used.
  ///
  /// - Parameters:
  ///   - program: the name in front of an error.
  ///   - usage: how to use the program, for example `martlet engine [options]`.
  public static func code(
    _ program: String, usage: String, _ role: @escaping @Sendable () async throws -> Void
  ) async -> Int32 {
    do {
      try await runUntilShutdown(role)
      return 0
    } catch is Interruption {
      return 0
    } catch let error as OptionError {
      report(error, program: program, usage: usage)
      return usageErrorCode
    } catch {
      report("\(program): \(error)")
      return 1
    }
  }

  /// Writes what is wrong with a command line and how it should look to standard error, in ArgumentParser's format.
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
    // If standard error is closed, nobody wants the line.
    try? FileHandle.standardError.write(contentsOf: Data("\(line)\n".utf8))
  }
}
