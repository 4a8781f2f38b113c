import Foundation
import Logging
import MartletWire
import Subprocess
import Synchronization

#if canImport(System)
  import System
#else
  import SystemPackage
#endif

/// Runs the ssh of a tunnel, and another one when it ends: ``TunnelState`` with what it needs to act.
final class TunnelRunner: Sendable {
  let login: SSHLogin
  private let key: String?
  private let folder: String
  private let logger: Logger
  private let current: Mutex<Current>

  private struct Current {
    var route: TunnelRoute
    var state = TunnelState()
    /// What ssh has said last.
    var lastWords: String?
    /// Finished to have the ssh that runs stopped and another one started.
    var redirection: AsyncStream<Void>.Continuation?
    /// How many have been started.
    var runs = 0
  }

  private enum Event: Sendable {
    case opened, ended, redirected, cancelled
  }

  /// How often it is looked whether the sockets are there.
  private static let lookInterval = Duration.milliseconds(20)

  /// A runner with a folder for its sockets, which ``run(_:)`` removes.
  ///
  /// - Throws: `ConnectionError` for a transport that ssh doesn't forward, or if there can be no folder.
  init(to info: ConnectionInfo, through login: SSHLogin, key: String?, logger: Logger) throws(ConnectionError) {
    let folder: String
    do throws(PrivateFileError) {
      folder = try PrivateFolder.make("martlet-tunnel-")
    } catch {
      throw ConnectionError("no tunnel through \(login): \(error)")
    }
    (self.login, self.key, self.folder, self.logger) = (login, key, folder, logger)
    do throws(ConnectionError) {
      current = Mutex(Current(route: try TunnelRoute(to: info, folder: folder)))
    } catch {
      try? FileManager.default.removeItem(atPath: folder)
      throw error
    }
  }

  var route: TunnelRoute { current.withLock { $0.route } }

  var lastWords: String? { current.withLock { $0.lastWords } }

  func redirect(to info: ConnectionInfo) throws(ConnectionError) -> ConnectionInfo {
    let route = try TunnelRoute(to: info, folder: folder)
    current.withLock { current in
      if route.forwards != current.route.forwards { current.redirection?.finish() }
      current.route = route
    }
    return route.local
  }

  /// Runs one ssh after the other until the task is cancelled or the first one fails.
  ///
  /// - Parameter opening: gets an element when the tunnel is open for the first time, and ends when it won't be.
  func run(_ opening: AsyncStream<Void>.Continuation) async {
    defer {
      try? FileManager.default.removeItem(atPath: folder)
      opening.finish()
    }
    while !Task.isCancelled {
      if await runSSH(opening) {
        current.withLock { $0.state.redirected() }
        continue
      }
      guard !Task.isCancelled, case .again(let pause) = current.withLock({ $0.state.ended(at: .now) }) else { return }
      logger.warning(
        "an ssh tunnel ended and is opened again",
        metadata: [LogKey.endpoint: "\(login)", LogKey.reason: "\(lastWords ?? "ssh has said nothing")"])
      try? await Task.sleep(for: pause)
    }
  }

  /// Runs an ssh until it ends or the tunnel is redirected.
  ///
  /// - Returns: whether it was redirected.
  private func runSSH(_ opening: AsyncStream<Void>.Continuation) async -> Bool {
    let (redirections, redirection) = AsyncStream.makeStream(of: Void.self)
    let (route, keep) = current.withLock { current in
      current.redirection = redirection
      current.runs += 1
      return (current.route, "\(folder)/keep-\(current.runs)")
    }
    let paths = route.forwards.map(\.path)
    for path in paths { try? FileManager.default.removeItem(atPath: path) }
    return await withTaskGroup(of: Event.self) { group in
      group.addTask {
        await self.ssh(route.command(through: self.login, key: self.key), keep: keep)
        return .ended
      }
      group.addTask {
        for await _ in redirections {}
        return Task.isCancelled ? .cancelled : .redirected
      }
      group.addTask { await Self.exist(paths) ? .opened : .cancelled }
      var isRedirected = false
      for await event in group {
        switch event {
        case .opened:
          opening.yield()
          let isBack = current.withLock { current in
            defer { current.state.opened(at: .now) }
            return current.state.hasBeenOpen
          }
          if isBack { logger.notice("the ssh tunnel is open again", metadata: [LogKey.endpoint: "\(login)"]) }
        case .ended: group.cancelAll()
        case .redirected:
          isRedirected = true
          _ = FileManager.default.createFile(atPath: keep, contents: nil)
          group.cancelAll()
        case .cancelled: break
        }
      }
      return isRedirected
    }
  }

  /// Returns when there are files with all these paths: ssh makes its sockets when it is connected and logged in.
  ///
  /// - Returns: false if the task was cancelled before.
  private static func exist(_ paths: [String]) async -> Bool {
    while !paths.allSatisfy({ FileManager.default.fileExists(atPath: $0) }) {
      guard (try? await Task.sleep(for: lookInterval)) != nil else { return false }
    }
    return true
  }

  /// A shell that runs ssh, its arguments from the third on, and ends it when this process is gone, along with the folder
  /// of the sockets, its first argument, unless there is the file that the second one names: nothing else would notice, as
  /// ssh reads no input.
  private static let script = """
    exec 3<&0; folder=$1; keep=$2; shift 2
    "$@" 3<&- </dev/null & ssh=$!
    { read -r _ <&3; trap '' TERM; kill "$ssh"; [ -e "$keep" ] || rm -rf "$folder"; } >/dev/null 2>&1 & watch=$!
    trap 'kill "$ssh"' TERM
    wait "$ssh"; status=$?; kill "$watch"; exit "$status"
    """

  /// Runs an ssh to its end, or ends it when the task is cancelled, and keeps what it says last.
  ///
  /// - Parameter keep: the file that says that the folder is still needed.
  private func ssh(_ command: [String], keep: String) async {
    var platform = PlatformOptions()
    // Ctrl-C in a terminal is for this process, which then closes the tunnel.
    platform.processGroupID = 0
    platform.teardownSequence = [
      .send(signal: .terminate, allowedDurationToNextStep: .seconds(2)),
      // Makes the whole group the target of the final SIGKILL.
      .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .milliseconds(200)),
    ]
    do {
      _ = try await Subprocess.run(
        .path("/bin/sh"), arguments: Arguments(["-c", Self.script, "sh", folder, keep] + command),
        platformOptions: platform,
        input: .inputWriter, output: .discarded, error: .sequence
      ) { execution in
        for try await line in execution.standardError.strings() {
          let words = line.trimmingCharacters(in: .whitespacesAndNewlines)
          if !words.isEmpty { self.current.withLock { $0.lastWords = words } }
        }
      }
    } catch {
      guard !Task.isCancelled else { return }
      current.withLock { $0.lastWords = "ssh can't be started: \(error)" }
    }
  }
}
