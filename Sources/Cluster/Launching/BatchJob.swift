import MartletWire
import Synchronization

/// A job that was submitted to a batch scheduler.
final class BatchJob: RunningEngines {
  /// Its number, as the scheduler has given it.
  let id: String
  let log: String
  /// One element if the job is gone and its scheduler takes its time to say how it ended.
  let departures: AsyncStream<Void>
  private let departed: AsyncStream<Void>.Continuation
  private let launcher: BatchLauncher
  private let seen: Mutex<Seen>
  private let watch: Mutex<Task<ExitStatus, Never>?> = Mutex(nil)

  /// How often the scheduler is asked. Slurm forgets a job minutes after its end.
  private static let interval = Duration.seconds(1)
  /// How many questions in a row may fail, because the scheduler is restarted.
  private static let failureLimit = 60
  /// How often the scheduler is asked whether it has cancelled the job.
  private static let callOffLooks = 10

  /// What the scheduler has said.
  private struct Seen {
    var delay: String?
    var nodes: String?
    /// Since when it runs, as far as it has been seen to.
    var runningSince: ContinuousClock.Instant?
    /// Whether this process has cancelled it.
    var isStopped = false
  }

  private init(id: String, log: String, launcher: BatchLauncher) {
    (self.id, self.log, self.launcher) = (id, log, launcher)
    seen = Mutex(Seen())
    (departures, departed) = AsyncStream.makeStream()
  }

  /// Submits a job.
  ///
  /// - Throws: ``OptionError`` or ``ClusterError`` with the scheduler's words.
  static func submit(
    _ command: ProgramCommand, environment: [String: String?], launcher: BatchLauncher, log: String
  ) async throws -> BatchJob {
    let output = try await CommandOutput.read(command, environment: environment)
    guard let id = try launcher.jobID(in: output) else {
      throw ClusterError("\(launcher.submitCommand[0]) has given no number of a job: \(output)")
    }
    let job = BatchJob(id: id, log: log, launcher: launcher)
    job.watch.withLock { $0 = Task { await job.follow() } }
    return job
  }

  var kind: String {
    let nodes = seen.withLock(\.nodes).map { " on \($0)" } ?? ""
    return "job \(id) of \(launcher.system.title)\(nodes)"
  }
  var delay: String? { seen.withLock(\.delay) }
  var system: BatchSystem { launcher.system }

  /// The node it runs or ran on; `nil` if that is unknown, or if there are several.
  var node: String? { seen.withLock(\.nodes).flatMap { $0.contains { "[,".contains($0) } ? nil : $0 } }

  /// Since when it runs; `nil` if it has not been seen to.
  var runningSince: ContinuousClock.Instant? { seen.withLock(\.runningSince) }

  var status: ExitStatus {
    get async { await watch.withLock { $0 }?.value ?? .unknown("it was not followed") }
  }

  /// Asks the scheduler until the job has ended.
  private func follow() async -> ExitStatus {
    var failures = 0
    var words = DelayWords()
    while true {
      do {
        var state = try await self.state()
        if let delay = state?.delay { state?.delay = await words.explain(delay, by: reasonsForDelay) }
        if let state { note(state) }
        if let end = state?.end { return await explained(end) }
        failures = state == nil ? failures + 1 : 0
      } catch {
        failures += 1
        if BatchJobState.isUnknown("\(error)") || failures >= Self.failureLimit {
          return await explained(.unknown("\(error)"))
        }
      }
      // The task is never cancelled: a job that is to be stopped is followed to its end.
      try? await Task.sleep(for: Self.interval)
    }
  }

  /// Why it waits, in the scheduler's words; `nil` if it says no more than its state.
  private func reasonsForDelay() async -> String? {
    guard let question = launcher.questionAboutDelay(of: id),
      let text = try? await CommandOutput.read(question, within: launcher.patience.words)
    else { return nil }
    return BatchJobWords.delay(text, of: launcher.system)
  }

  /// How it ended in the scheduler's words, if it has more to say than that the job is gone.
  private func explained(_ end: ExitStatus) async -> ExitStatus {
    defer { departed.finish() }
    guard let question = launcher.questionAboutEnd(of: id) else { return end }
    let deadline = ContinuousClock.now + launcher.patience.records
    while !seen.withLock(\.isStopped) {
      do {
        let text = try await CommandOutput.read(question, within: launcher.patience.words)
        if let words = BatchJobWords.end(text, about: id, of: launcher.system) { return words }
      } catch {
        // Records are written late. Without a command for them there is no use in waiting.
        guard error is ClusterError, "\(error)".contains("not found") else { return end }
      }
      guard ContinuousClock.now < deadline else { return end }
      departed.yield()
      try? await Task.sleep(for: Self.interval)
    }
    return end
  }

  private func note(_ state: BatchJobState) {
    seen.withLock {
      $0.delay = state.delay
      $0.nodes = state.nodes ?? $0.nodes
      if state.delay == nil, state.end == nil { $0.runningSince = $0.runningSince ?? .now }
    }
  }

  /// Cancels the job if it still waits.
  ///
  /// - Returns: whether it has ended.
  func callOff() async -> Bool {
    guard (try? await self.state())?.delay != nil else { return false }
    seen.withLock { $0.isStopped = true }
    _ = try? await CommandOutput.read(launcher.cancellation(of: id, ifWaiting: true))
    for _ in 0..<Self.callOffLooks {
      guard let state = try? await self.state() else { return true }
      if state.end != nil { return true }
      if state.delay == nil { return false }
      try? await Task.sleep(for: Self.interval)
    }
    return false
  }

  /// What the scheduler says now; `nil` if it says nothing about the job.
  private func state() async throws -> BatchJobState? {
    BatchJobState(
      try await CommandOutput.read(launcher.question(about: id), within: launcher.patience.state), about: id,
      of: launcher.system)
  }

  func stop() async -> ExitStatus {
    seen.withLock { $0.isStopped = true }
    _ = try? await CommandOutput.read(launcher.cancellation(of: id))
    return await status
  }

  func entry(engines: Int) -> ClusterRecord.Entry {
    .job(.init(system: launcher.system, id: id, log: log, engines: engines, deleteCommand: launcher.deleteCommand))
  }
}
