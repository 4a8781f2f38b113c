import Logging
import MartletWire

/// The engine that runs a function, as the function sees it.
///
/// ```swift
/// RemoteFunction("scaled") { (x: Double) in
///   x * (try EngineContext.current?.value(named: "factor", as: Double.self) ?? 1)
/// }
/// ```
public struct EngineContext: Sendable {
  /// The engine that runs the current task, and which task that is; `nil` outside an engine's tasks.
  ///
  /// A Swift task that goes on after the function that started it should be given the function's context: what it asks for
  /// itself is about the task that runs then.
  public static var current: EngineContext? {
    guard var context = engine else { return nil }
    context.request = context.running.current
    return context
  }

  /// The engine, whichever task it runs.
  @TaskLocal static var engine: EngineContext?

  /// The engine's number, by which clients address it.
  public var engineID: Int { number.current }
  /// The engine's uuid, its identity on the wire.
  public let engineUUID: String
  let number: EngineNumber
  let namespace: Namespace
  private(set) var running: RunningRequest
  private let sender: ReplySender
  /// What other modules keep for the engine, as long as it runs.
  package let attachments = EngineAttachments()
  /// The engine's log, without a task.
  package let engineLogger: Logger
  /// How code on the engine reaches the cluster as a client.
  package let clientAccess: ClientAccess
  /// The request that ran when the context was asked for.
  private var request: Request?

  init(
    number: EngineNumber, engineUUID: String, namespace: Namespace, running: RunningRequest, sender: ReplySender,
    clientAccess: ClientAccess, logger: Logger
  ) {
    self.number = number
    self.engineUUID = engineUUID
    self.namespace = namespace
    self.running = running
    self.sender = sender
    self.clientAccess = clientAccess
    engineLogger = logger
  }

  /// The context of a request that runs beside others.
  func beside(_ request: Request) -> EngineContext {
    var context = self
    context.running = RunningRequest()
    context.running.begin(request)
    return context
  }

  /// The id of the running task, by which clients know it (`AsyncResult.msgIDs`); `nil` when none runs.
  public var taskID: String? { request?.id }

  /// Which attempt at the task this is, counted from 1: more than one after a retry, by the scheduler or by the client as its
  /// `RetryPolicy` says, or the loss of an engine. Of an earlier request of the client's, only one attempt is counted.
  public var attempt: Int { request.map { $0.metadata.attempt &+ $0.metadata.earlierAttempts } ?? 1 }

  /// How many calls wait for a call that the running task makes: its own, and those of engines' code that wait for that.
  package var nesting: Int { (request?.metadata.nesting ?? 0) + 1 }

  /// A logger for the engine's log, whose lines name the engine, the task and the attempt at it. What a function prints goes
  /// to its client instead.
  public var logger: Logger {
    var logger = engineLogger
    if let taskID {
      logger[metadataKey: LogKey.messageID] = "\(taskID)"
      logger[metadataKey: LogKey.attempt] = "\(attempt)"
    }
    return logger
  }

  /// Whether the running task is to stop, because a client has cancelled it or it has run for too long. A function that does
  /// not end within the time that the client gives it, or else that of ``PythonConfiguration/interruptGrace``, is ended together
  /// with its engine.
  ///
  /// `Task.isCancelled` says the same in the task that Swift runs the function in, and this everywhere: in other threads, and
  /// in tasks that the function has started.
  public var isCancelled: Bool { request?.stage.isStopped ?? false }

  /// Tells the client how far the running task has come, at most 20 times a second; the last is always sent.
  ///
  /// A Swift client reads it from `AsyncResult.progressReports`, a Python client from `AsyncResult.data["progress"]`, a dict
  /// with `fraction` and `text`. Nothing happens when no task runs.
  ///
  /// - Parameters:
  ///   - fraction: the finished part of the work, from 0 to 1.
  ///   - text: what is being done, for people.
  public func progress(_ fraction: Double, _ text: String = "") {
    guard let request else { return }
    sender.publish(ProgressStep(fraction: fraction, text: text), about: request)
  }

  /// The value of a name that a client pushed, or a function or Python code set.
  ///
  /// A name that Python code set is read from Python, which waits while Python runs something else.
  ///
  /// - Returns: the value, or `nil` if the name has none.
  /// - Throws: `DecodingError` when the value is not of the type; an error that names the Python type when only Python can
  ///   hold the value.
  public func value<Value: Decodable>(named name: String, as type: Value.Type = Value.self) throws -> Value? {
    try namespace.lookUp(name)?.decode(type)
  }

  /// The value of a name, as ``value(named:as:)`` gives it, decoded once: later calls get the same value until the name is set
  /// again or removed, or Python code has run, which may have changed it. For large values that many calls read.
  ///
  /// - Returns: the value, or `nil` if the name has none.
  /// - Throws: as ``value(named:as:)``.
  public func cached<Value: Decodable & Sendable>(
    _ name: String, as type: Value.Type = Value.self
  ) throws -> Value? {
    try namespace.decodedValue(of: name, as: type)
  }

  /// Sets the value of a name, which clients can pull and later calls, of Swift or Python functions, can read. It stays until
  /// it is removed.
  ///
  /// - Throws: `EncodingError`.
  public func set(_ name: String, to value: some Encodable) throws {
    namespace.set(name, to: try PickleValue(encoding: value))
  }

  /// Removes a name and its value. Nothing happens if the name has no value.
  public func removeValue(named name: String) { namespace.set(name, to: nil) }
}
