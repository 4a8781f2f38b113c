import Foundation

/// What runs one engine or several, or the controller: a process of this machine, or a job of a batch scheduler.
protocol RunningEngines: Sendable {
  /// The file with their output.
  var log: String { get }
  /// What it is, after "its": `process 7`, `process on node1`, `job 12 of Slurm`.
  var kind: String { get }
  /// How it ended; waits until it has.
  var status: ExitStatus { get async }
  /// What it is waiting for before engines can start, in the words of its scheduler; `nil` if it isn't.
  var delay: String? { get }
  /// Stops it. Returns when it is gone.
  @discardableResult
  func stop() async -> ExitStatus
  /// How the cluster file has it.
  func entry(engines: Int) -> ClusterRecord.Entry
}

/// A process of this machine that is an engine, or has started several.
struct LocalEngines: RunningEngines {
  let process: ChildProcess

  var log: String { process.log }
  var kind: String { "process \(process.pid)" }
  var status: ExitStatus { get async { await process.status } }
  var delay: String? { nil }

  func stop() async -> ExitStatus { await process.stop() }

  func entry(engines: Int) -> ClusterRecord.Entry {
    .process(.init(pid: process.pid, log: log, engines: engines))
  }
}

/// An engine or the controller on another host, and the ssh that connects it with this process.
struct RemoteEngine: RunningEngines {
  let process: ChildProcess
  /// The name that ssh was given.
  let host: String
  /// Where its output begins in the log, in bytes.
  let logStart: UInt64

  var log: String { process.log }
  var kind: String { "process on \(host)" }
  var status: ExitStatus {
    get async { SSHLauncher.status(await process.status, lastWords: LastWords.read(from: log)) }
  }
  var delay: String? { nil }

  func stop() async -> ExitStatus { await process.stop() }

  func entry(engines: Int) -> ClusterRecord.Entry {
    .process(.init(pid: process.pid, log: log, engines: engines, host: host))
  }

  /// Returns when the other host has answered, before the program there has started.
  ///
  /// - Parameter isWanted: false to stop waiting.
  /// - Throws: ``ClusterError`` with ssh's own words when there is no connection.
  func waitUntilConnected(while isWanted: () async -> Bool) async throws {
    let end = Task { await process.status }
    // A log is seen to grow by looking.
    while !hasConnected, await isWanted() {
      if !ProcessTable.isAlive(process.pid) {
        // What it wrote last may only now be there.
        let status = await end.value
        if hasConnected { return }
        throw ClusterError.endedAtStart("ssh to \(host)", status, log: log)
      }
      do {
        try await Task.sleep(for: .milliseconds(20))
      } catch {
        await process.stop()
        throw error
      }
    }
  }

  private var hasConnected: Bool {
    guard let file = FileHandle(forReadingAtPath: log), (try? file.seek(toOffset: logStart)) != nil,
      let data = try? file.readToEnd()
    else { return false }
    return data.range(of: Data(SSHLauncher.startMark.utf8)) != nil
  }
}
