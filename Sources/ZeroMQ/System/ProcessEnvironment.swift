#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What this process was started with.
package enum ProcessEnvironment {
  /// The value of a variable; `nil` if it is not set.
  package static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// Removes a variable with a secret, so that no child process inherits it, and overwrites its value: what a process was
  /// started with stays readable in `/proc` for other processes of its user.
  package static func erase(_ name: String) {
    guard let value = getenv(name) else { return }
    // Not with zeros, which other programs would take for the end of the whole list.
    memset(value, Int32(UInt8(ascii: "*")), strlen(value))
    unsetenv(name)
  }

  /// Whether a path is a file that this process may execute.
  package static func isExecutable(_ path: String) -> Bool {
    var information = stat()
    return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
  }

  /// Whether the process can be reached with Control-C: it has a terminal.
  package static var hasTerminal: Bool {
    let terminal = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC)
    guard terminal >= 0 else { return false }
    close(terminal)
    return true
  }
}
