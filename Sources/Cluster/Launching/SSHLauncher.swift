import MartletWire

/// A host for engines that OpenSSH reaches.
public struct SSHHost: Sendable, Hashable {
  /// A name, an address or an alias of ssh's configuration, with `user@` in front if needed.
  public var name: String
  /// How many engines it has.
  public var count: Int
  /// The port of its sshd, if not the usual or configured one.
  public var port: Int?
  /// Options for its engines, after those of all.
  public var arguments: [String] = []
  /// Variables for its engines, in addition to those of all.
  public var environment: [String: String] = [:]

  /// A host with engines.
  public init(_ name: String, count: Int = 1, port: Int? = nil) {
    self.name = name
    self.count = count
    self.port = port
  }
}

/// Engines on hosts that OpenSSH's own client reaches, with its configuration, keys and agent.
///
/// Up to ten engines of a host share a connection; where sshd allows fewer sessions on one, the others have their own. Each
/// engine has an ssh of its own on this machine. It gets the cluster's connection over its standard input, and ends when that
/// does: when the cluster ends, when this process is gone, or when the connection breaks.
public struct SSHLauncher: Sendable, Hashable {
  /// The hosts, each with the number of its engines.
  public var hosts: [SSHHost]
  /// The command, `ssh`.
  public var command = ["ssh"]
  /// Options for it, for example `["-F", "config"]`. They come before those that Martlet sets.
  public var arguments: [String] = []
  /// The folder of the profile on the hosts, if it is not that of this machine.
  public var remoteProfile: String?

  /// A launcher for hosts.
  public init(hosts: [SSHHost]) { self.hosts = hosts }

  /// What the other host prints first.
  static let startMark = "martlet: connected to "
  /// How many connections to a host may be about to be made: sshd refuses some when it has ten that have not logged in
  /// (`MaxStartups`).
  static let pendingLimit = 8

  /// How many engines share a connection: sshd allows so many sessions on one (`MaxSessions`). One that it refuses gets a
  /// connection of its own from OpenSSH.
  static let sessionLimit = 10

  /// A connection that engines of a host share.
  struct Connection: Sendable, Hashable {
    /// The position of the host among the hosts.
    let host: Int
    /// From 0, among those of the host.
    let number: Int

    /// Connections with the same lane are made one after the other.
    var lane: Connection { Connection(host: host, number: number % SSHLauncher.pendingLimit) }
  }

  /// The connection of each engine.
  var connections: [Connection] {
    var counts: [Int: Int] = [:]
    return places.map { place in
      let host = hosts.firstIndex { $0.name == place.name && $0.port == place.port } ?? 0
      let count = counts[host, default: 0]
      counts[host] = count + 1
      return Connection(host: host, number: count / Self.sessionLimit)
    }
  }

  /// The host of each engine.
  var places: [SSHHost] { hosts.flatMap { Array(repeating: $0, count: max($0.count, 0)) } }

  /// Options that nobody but the user's own may override: no questions, which nobody could answer; a connection that is
  /// cut off ends; nothing of the user's configuration that is meant for a terminal.
  private static let options = [
    "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20", "-o", "ServerAliveInterval=15", "-o",
    "ServerAliveCountMax=4", "-o", "ClearAllForwardings=yes", "-o", "RemoteCommand=none",
  ]

  /// Has the first ssh make a connection and the others use it. It ends by itself soon after its last session.
  private static func sharing(_ socket: String) -> [String] {
    ["-o", "ControlMaster=auto", "-o", "ControlPath=\(socket)", "-o", "ControlPersist=2"]
  }

  /// The command that runs a program on a host.
  ///
  /// - Parameters:
  ///   - environment: the program's, which others on the host can read.
  ///   - files: files on the host that are removed before.
  ///   - socket: the path of the socket over which a connection is shared; `nil` if it isn't.
  func command(
    on host: SSHHost, running program: ProgramCommand, environment: [String: String], removing files: [String] = [],
    sharing socket: String? = nil
  ) -> ProgramCommand {
    let variables = environment.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }
    let words = ["env"] + variables + [program.executable] + program.arguments
    // A shell stays, since ssh can't tell which signal has ended what it runs, but shells can.
    let script = "echo \"\(Self.startMark)$(uname -n)\"; \(words.shellCommand); exit $?"
    let removal = files.isEmpty ? "" : (["rm", "-f", "--"] + files).shellCommand + "; "
    return command(on: host, script: removal + script, sharing: socket)
  }

  /// The command that prints a file of a host.
  func reading(_ path: String, on host: SSHHost, sharing socket: String?) -> ProgramCommand {
    command(on: host, script: ["cat", "--", path].shellCommand, sharing: socket)
  }

  private func command(on host: SSHHost, script: String, sharing socket: String?) -> ProgramCommand {
    let all = words(to: host, sharing: socket) + [Self.remote(script: script)]
    return ProgramCommand(executable: all[0], arguments: Array(all.dropFirst()))
  }

  /// ssh with its options and the host.
  func words(to host: SSHHost, sharing socket: String?) -> [String] {
    let port = host.port.map { ["-p", "\($0)"] } ?? []
    return command + arguments + Self.options + (socket.map(Self.sharing) ?? []) + port + ["--", host.name]
  }

  /// What ssh is told to run. The login shell may be any; all know this.
  static func remote(script: String) -> String { ["exec", "/bin/sh", "-c", script].shellCommand }

  /// What the exit status of ssh says about what it ran.
  static func status(_ status: ExitStatus, lastWords: String?) -> ExitStatus {
    switch status {
    case .exited(255):
      .unknown("the ssh connection ended\(lastWords.map { ": \($0)" } ?? "")")
    case .exited(let code): ExitStatus(ofShell: code)
    case .signaled, .unknown: status
    }
  }
}
