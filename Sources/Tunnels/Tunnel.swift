import Logging
import MartletWire

/// A tunnel to a controller through a host that OpenSSH reaches, with the user's configuration, keys and agent.
///
/// ssh listens at sockets in a private folder and is started again when it ends. It ends when the tunnel is closed, when
/// nothing refers to the tunnel any more, and when this process is gone.
package final class Tunnel: Sendable {
  private let runner: TunnelRunner
  private let task: Task<Void, Never>

  private init(_ runner: TunnelRunner, _ task: Task<Void, Never>) { (self.runner, self.task) = (runner, task) }

  deinit { task.cancel() }

  /// Opens a tunnel; returns when it is open.
  ///
  /// - Parameters:
  ///   - info: the connection, with its addresses as in the file and `ssh` as the host to tunnel through.
  ///   - key: the file of a key for ssh; `nil` for those of its configuration and agent.
  ///   - timeout: how long to wait.
  ///   - logger: gets the ends of ssh.
  /// - Throws: `ConnectionError` with ssh's own words; `CancellationError`.
  package static func open(
    to info: ConnectionInfo, key: String? = nil, within timeout: Duration, logger: Logger
  ) async throws -> Tunnel {
    let login = try SSHLogin(info.ssh)
    let runner = try TunnelRunner(to: info, through: login, key: key, logger: logger)
    let (openings, opening) = AsyncStream.makeStream(of: Void.self)
    // It has no reference to the tunnel, which can be dropped while ssh runs.
    let tunnel = Tunnel(runner, Task { await runner.run(opening) })
    let timer = Task {
      try await Task.sleep(for: timeout)
      opening.finish()
      return true
    }
    for await _ in openings {
      timer.cancel()
      return tunnel
    }
    timer.cancel()
    let isLate = (try? await timer.value) ?? false
    await tunnel.close()
    try Task.checkCancellation()
    let words = tunnel.lastWords.map { ": \($0)" } ?? ""
    throw ConnectionError("ssh to \(login) has opened no tunnel\(isLate ? " within \(timeout)" : "")\(words)")
  }

  /// The connection by way of the tunnel.
  package var connection: ConnectionInfo { runner.route.local }

  /// The controller's address behind it and the host it goes through, for messages.
  package var destination: String { "\(runner.route.destination) through ssh to \(runner.login)" }

  /// What ssh has said last, for messages; `nil` if nothing.
  package var lastWords: String? { runner.lastWords }

  /// Leads the tunnel to the addresses that the connection file has now.
  ///
  /// - Returns: the connection by way of the tunnel.
  /// - Throws: `ConnectionError` for a transport that ssh doesn't forward.
  package func redirect(to info: ConnectionInfo) throws(ConnectionError) -> ConnectionInfo {
    try runner.redirect(to: info)
  }

  /// Closes the tunnel. Returns when ssh is gone.
  package func close() async {
    task.cancel()
    await task.value
  }
}
