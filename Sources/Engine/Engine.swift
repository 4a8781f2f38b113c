import Logging
import MartletWire
import MartletZeroMQ
import ServiceLifecycle
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// An engine: registers with a controller and runs functions and Python code for its clients.
///
/// ```swift
/// let engine = try Engine(
///   configuration: EngineConfiguration(connection: connection),
///   functions: [RemoteFunction("add") { (a: Int, b: Int) in a + b }], logger: logger)
/// try await engine.run()
/// ```
/// Shell requests run one at a time, in the order of their arrival; calls of functions that allow it run beside one another,
/// and take turns on the worker thread (``ConcurrentRequests``). What comes behind them waits until they have ended. Control requests and heartbeats are answered
/// meanwhile.
///
/// ## The path of a request
/// A running engine has three threads, and one more while it has a Python: `engine-io` (``EngineConnection``), `engine-worker` (``WorkerThread``) and
/// `engine-heart` (``Heart``). A call from a client goes through these types, on the worker thread throughout if the
/// worker is idle when the call arrives:
/// 1. ``ShellReceiver`` takes the message from the shell socket, has its signature checked (``MessageVerifier``), reads
///    its metadata and makes it a ``Request``.
/// 2. ``RequestMailbox`` adds it to the ``RequestQueue`` and wakes the runner if nothing else is running.
/// 3. ``RequestRunner`` takes it out, asks the ``TaskLease`` whether it may begin, announces it with a `busy` status and
///    makes its output the request's (``OutputCapture``).
/// 4. ``ApplyRunner`` decodes the call, looks up the function in the ``FunctionRegistry``, resolves references in the
///    ``Namespace``, calls the function and encodes the result. An `execute_request` goes to ``ExecuteRunner`` instead.
/// 5. ``ReplyWriter`` writes content and metadata of the ``Reply``.
/// 6. ``ReplySender`` publishes the remaining output, signs and sends the reply, and publishes the `idle` status.
///
/// A call for Python goes another way from step 4 on: ``RequestRunner`` hands the request as it came to ``PythonWorker``,
/// which starts the child process if need be, sends it the request on a ``WorkerSocket`` and waits, on the worker thread,
/// for its ``PythonReply``. What Python publishes meanwhile goes to the ``ReplySender`` at once, behind the output printed
/// before it. Interrupts and signals come from `engine-io`, by way of ``PythonWorkerState``; `engine-python` waits for the
/// end of the process. ``NamespaceState`` keeps the names of both languages together.
///
/// A control request takes a shorter path: ``EngineConnection`` receives it on `engine-io` and answers it there, except
/// for `clear_request`, which goes into the mailbox ahead of the waiting requests.
///
/// An engine has two sessions. Everything it receives is checked by the ``MessageVerifier``'s, everything it sends is
/// signed by the ``ReplySender``'s. They are separate so that `engine-io` can publish output or answer an abort while the
/// worker verifies a large request; each is shared by both threads under its own mutex.
public final class Engine: Service {
  private let configuration: EngineConfiguration
  private let functions: FunctionRegistry
  private let logger: Logger
  private let hasRun = Atomic(false)
  private let isRetiring = Atomic(false)
  /// While the engine runs.
  private let connection = Mutex<EngineConnection?>(nil)
  private let limit = Mutex<EngineLimit?>(nil)

  /// Creates an engine. It neither connects nor starts a thread before ``run()``.
  ///
  /// - Parameters:
  ///   - configuration: how to reach the controller.
  ///   - functions: what clients can call by name.
  ///   - logger: gets the engine's uuid and, after registration, its id as metadata. It must not write to descriptors 1
  ///     and 2 while output is captured; see ``DescriptorLogHandler``.
  /// - Throws: ``EngineRunError/Code/duplicateFunction``.
  public init(
    configuration: EngineConfiguration, functions: [any RemoteCallable], logger: Logger
  ) throws(EngineRunError) {
    self.configuration = configuration
    self.functions = try FunctionRegistry(functions)
    var logger = logger
    logger[metadataKey: LogKey.engineUUID] = "\(configuration.uuid)"
    logger[metadataKey: LogKey.engine] = "\(configuration.label)"
    self.logger = logger
  }

  /// The engine's uuid, its identity on the wire.
  public var uuid: String { configuration.uuid }

  /// The limit for which the engine has retired, when ``run()`` has returned; `nil` if it left for another reason.
  public var reachedLimit: EngineLimit? { limit.withLock(\.self) }

  /// Registers and serves until a client or the hub requests a shutdown, the task is cancelled, or the engine has retired.
  /// Then it tells the hub that the engine is leaving. ``EngineConfiguration/lifecycle`` is what the program does at the
  /// beginning and the end.
  ///
  /// A graceful shutdown has it retire; see ``retire()``. After cancellation, a function that is still running is cancelled
  /// but not awaited. An engine runs once.
  ///
  /// - Throws: ``EngineRunError`` when the hub does not accept the engine or is lost, when the program can't prepare it, or
  ///   when the engine has been run before; `ConnectionError` for an unusable connection file; `WireError` for an unknown signature scheme;
  ///   `ZeroMQError` when a socket cannot be opened; `CancellationError` when cancelled before registration is complete.
  public func run() async throws {
    guard !hasRun.exchange(true, ordering: .relaxed) else {
      throw EngineRunError(.alreadyRun, "this engine has been run before: create another one to register again")
    }
    let loop = try EventLoop(name: "engine-io")
    try loop.start()
    do {
      let connection = try EngineConnection(configuration, functions, loop: loop, logger: logger)
      self.connection.withLock { $0 = connection }
      defer {
        self.connection.withLock { $0 = nil }
        limit.withLock { limit in limit = connection.reachedLimit.withLock(\.self) }
      }
      try await withTaskCancellationHandler {
        try await withGracefulShutdownHandler {
          try await connection.run()
        } onGracefulShutdown: {
          _ = self.retire()
        }
      } onCancel: {
        connection.onLoop { $0.cancelled() }
      }
    } catch {
      loop.stop()
      await loop.waitUntilStopped()
      // It had not registered when it was to retire.
      if error is CancellationError, isRetiring.load(ordering: .relaxed) { return }
      throw error
    }
    loop.stop()
    await loop.waitUntilStopped()
  }

  /// From now on the engine answers nothing, as if its process had been killed.
  package func mute() { connection.withLock { $0 }?.mute() }

  /// Has the engine leave without losing anything: it finishes the request that runs, returns the tasks that wait to the
  /// scheduler, which runs them elsewhere, and takes no more. ``run()`` returns when that is done, at the latest after
  /// ``EngineConfiguration/grace``, as after a cancellation.
  ///
  /// - Returns: false if it does that already, or doesn't run.
  public func retire() -> Bool {
    guard let connection = connection.withLock({ $0 }), !isRetiring.exchange(true, ordering: .relaxed) else {
      return false
    }
    connection.onLoop { $0.retire() }
    return true
  }

  /// Passes on a signal that this process got and that may be meant for Python code: SIGINT interrupts the code that runs,
  /// and any other signal goes to the Python process.
  ///
  /// - Parameter number: the signal's number, for example `SIGINT`.
  /// - Returns: whether the signal has been dealt with. If not, there is no Python, or for SIGINT: no Python code runs, and
  ///   somebody at a terminal wants the program to end. Without a terminal an idle Python ignores SIGINT, as ipyparallel's
  ///   engines do, because it is meant for all busy engines of a cluster.
  public func passOn(signal number: Int32) -> Bool {
    guard let python = connection.withLock({ $0?.pythonWorker }) else { return false }
    guard number == SIGINT else { return python.signal(number) }
    return python.interrupt(nil) || python.isRunning && !ProcessEnvironment.hasTerminal
  }
}
