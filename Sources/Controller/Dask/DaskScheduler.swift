import Logging
import MartletWire
import MartletZeroMQ
import Subprocess
import Synchronization

#if canImport(System)
  import System
#else
  import SystemPackage
#endif

/// What happens to Dask's scheduler.
enum DaskEvent: Sendable {
  case started(DaskAddress)
  /// It could not be started.
  case failed(HubError)
  /// It has ended after its start, by itself or because it was stopped.
  case ended(status: String)
}

/// Runs Dask's scheduler in a child process, which ends with this process at the latest.
final class DaskScheduler: Sendable {
  /// A start, with what ends it.
  private struct Run {
    let task: Task<Void, Never>
    /// Finished to stop the scheduler.
    let stop: AsyncStream<Void>.Continuation
  }

  /// How an interpreter fared.
  private enum Attempt {
    /// It lacks the package or can't be started.
    case unusable(String)
    case over(DaskEvent)
  }

  private let configuration: DaskConfiguration
  private let current = Mutex<Run?>(nil)

  init(_ configuration: DaskConfiguration) { self.configuration = configuration }

  /// Starts the scheduler.
  ///
  /// - Parameters:
  ///   - arguments: the keyword arguments of `distributed.Scheduler`.
  ///   - report: gets `started` and then `ended`, or `failed`.
  func start(_ arguments: JSONValue, report: @escaping @Sendable (DaskEvent) -> Void) {
    let (stops, stop) = AsyncStream.makeStream(of: Void.self)
    let task = Task { await run(arguments, until: stops, report) }
    current.withLock { $0 = Run(task: task, stop: stop) }
  }

  /// Closes the scheduler without waiting for its end.
  func stop() { Task { await stopAndWait() } }

  /// Closes the scheduler and returns when it is gone.
  func stopAndWait() async {
    guard let run = current.withLock({ $0.take() }) else { return }
    run.stop.finish()
    let deadline = Task {
      try await Task.sleep(for: configuration.stopGrace)
      run.task.cancel()
    }
    await run.task.value
    deadline.cancel()
  }

  private func run(
    _ arguments: JSONValue, until stops: AsyncStream<Void>, _ report: @escaping @Sendable (DaskEvent) -> Void
  ) async {
    var reasons: [String] = []
    for interpreter in configuration.interpreters {
      switch await attempt(interpreter, arguments, until: stops, report) {
      case .unusable(let reason): reasons.append("\(interpreter): \(reason)")
      case .over(let event): return report(event)
      }
    }
    let tried = reasons.isEmpty ? "there is no Python to try" : reasons.joined(separator: "; ")
    report(
      .failed(
        HubError(
          ename: "ImportError",
          evalue: "Dask's scheduler needs a Python with the package distributed on the controller's host (\(tried)): "
            + "install it with pip install distributed, or name a Python with --python=PATH")))
  }

  private func attempt(
    _ interpreter: String, _ arguments: JSONValue, until stops: AsyncStream<Void>,
    _ report: @escaping @Sendable (DaskEvent) -> Void
  ) async -> Attempt {
    var platform = PlatformOptions()
    // Ctrl-C in a terminal is for the controller, which then closes the scheduler.
    platform.processGroupID = 0
    platform.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .milliseconds(500))]
    do {
      let outcome = try await Subprocess.run(
        interpreter.contains("/") ? .path(FilePath(interpreter)) : .name(interpreter),
        arguments: ["-c", Self.source, arguments.bytes.string], platformOptions: platform, input: .inputWriter,
        output: .sequence, error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false)
      ) { execution in
        let (input, output) = (execution.standardInputWriter, execution.standardOutput)
        // Leaving the block cancels what still waits to close the input.
        async let _ = Self.close(input, after: stops)
        return await Self.read(output, report)
      }
      switch outcome.closureResult {
      case .started: return .over(.ended(status: "\(outcome.terminationStatus)"))
      case .missing(let reason): return .unusable(reason)
      case .failed(let error): return .over(.failed(error))
      case .silent: return .unusable("it ended with \(outcome.terminationStatus)")
      }
    } catch {
      return .unusable("it can't be started (\(error))")
    }
  }

  /// What the process had to say before its end.
  private enum Saying: Sendable {
    case silent, started
    case missing(String)
    case failed(HubError)
  }

  /// Closes the process's input when it is to stop, or when the task is cancelled because the process has ended.
  private static func close(_ input: StandardInputWriter, after stops: AsyncStream<Void>) async {
    for await _ in stops {}
    // Fails if the process has ended.
    try? await input.finish()
  }

  /// Reads what the process says until it ends.
  private static func read(
    _ output: SubprocessOutputSequence, _ report: @escaping @Sendable (DaskEvent) -> Void
  ) async -> Saying {
    var saying = Saying.silent
    do {
      for try await line in output.strings() {
        guard let message = try? JSONValue.parse(Bytes(line)) else { continue }
        saying = said(message)
        if case .started = saying, let address = DaskAddress(message) { report(.started(address)) }
      }
    } catch {
      // The end of the process says more.
    }
    return saying
  }

  private static func said(_ message: JSONValue) -> Saying {
    if DaskAddress(message) != nil { return .started }
    let (ename, evalue) = (message["ename"]?.stringValue ?? "RuntimeError", message["evalue"]?.stringValue ?? "")
    if message["missing"]?.boolValue == true { return .missing(evalue) }
    return .failed(HubError(ename: ename, evalue: evalue))
  }

  private static let source = String(decoding: PackageResources.dask_scheduler_py, as: UTF8.self)
}

extension DaskAddress {
  /// Reads the message of the process; `nil` if it is another one.
  fileprivate init?(_ message: JSONValue) {
    guard let address = message["address"]?.stringValue, let ip = message["ip"]?.stringValue,
      let port = message["port"]?.intValue
    else { return nil }
    self.init(address: address, ip: ip, port: port)
  }
}
