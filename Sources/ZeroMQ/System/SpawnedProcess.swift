import CMartletZeroMQ
import Synchronization

#if canImport(Glibc)
  @preconcurrency import Glibc
#elseif canImport(Musl)
  @preconcurrency import Musl
#else
  @preconcurrency import Darwin
#endif

/// A child process with a process group of its own.
///
/// Unlike a library for subprocesses this starts the child on the caller's thread, whose end Linux can report to the child
/// (`PR_SET_PDEATHSIG`), and leaves descriptors open that are meant to be inherited, such as those MPI gives its processes.
package final class SpawnedProcess: Sendable {
  /// How a process ended.
  package enum Exit: Sendable, Hashable, CustomStringConvertible {
    /// It exited with this status.
    case exited(Int32)
    /// This signal ended it.
    case signalled(Int32)
    /// Another part of this program has taken the status.
    case unknown

    /// The end, for messages.
    package var description: String {
      switch self {
      case .exited(let status): "exit status \(status)"
      case .signalled(let number): "signal \(number)"
      case .unknown: "for an unknown reason"
      }
    }
  }

  /// The process id, which is also that of its group.
  package let pid: Int32
  /// `nil` until the process has been waited for: until then its id belongs to no other process.
  private let exit = Mutex<Exit?>(nil)

  /// Starts a program with this process's environment, all signals at their defaults and none blocked.
  ///
  /// - Parameters:
  ///   - executable: its path.
  ///   - arguments: those after the name of the program.
  ///   - descriptors: become the child's descriptors 0, 1, 2 …; each should be above its own new number, or equal to it.
  /// - Throws: the errno.
  package init(_ executable: String, _ arguments: [String], descriptors: [Int32]) throws(ZeroMQError) {
    #if os(Linux)
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #else
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    for (number, descriptor) in descriptors.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
    }
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP) | Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK))
    posix_spawnattr_setpgroup(&attributes, 0)
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    // Their dispositions can't be set, and some systems refuse to try.
    sigdelset(&signals, SIGKILL)
    sigdelset(&signals, SIGSTOP)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    var words = ([executable] + arguments).map { strdup($0) }
    words.append(nil)
    defer { for word in words { free(word) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, executable, &actions, &attributes, words, environ)
    guard code == 0 else { throw ZeroMQError(code: code, operation: "posix_spawn", subject: executable) }
    self.pid = pid
  }

  /// Sends a signal, unless the process has ended and been waited for.
  ///
  /// - Returns: whether there was a process to send it to.
  @discardableResult
  package func signal(_ number: Int32, toGroup: Bool = false) -> Bool {
    exit.withLock { exit in exit == nil && kill(toGroup ? -pid : pid, number) == 0 }
  }

  /// Waits until the process has ended. Several threads may wait.
  package func wait() -> Exit {
    var information = siginfo_t()
    // Leaves the process to be collected below, under the lock, so that no signal is sent to another one with its id.
    while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) == -1, errno == EINTR {}
    return exit.withLock { exit in
      if let exit { return exit }
      var status: Int32 = 0
      var waited: pid_t = 0
      repeat { waited = waitpid(pid, &status, 0) } while waited == -1 && errno == EINTR
      let result: Exit =
        if waited != pid { .unknown } else if status & 0x7F == 0 { .exited(status >> 8 & 0xFF) } else {
          .signalled(status & 0x7F)
        }
      exit = result
      return result
    }
  }
}
