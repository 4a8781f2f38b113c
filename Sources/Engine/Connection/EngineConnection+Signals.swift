import Logging
import MartletWire
import MartletZeroMQ

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Signals for what an engine runs, as ipyparallel's `Client.send_signal` asks for them (its engine/nanny.py).
extension EngineConnection {
  /// Answers a `signal_request`: SIGINT interrupts the running Python code, SIGTERM goes to the engine's process, any other
  /// signal to the Python process, or to the engine's own if there is none.
  func handleSignal(_ request: Request) throws(WireError) {
    let content = try request.message.content()
    let number: Int32
    do throws(RaisedError) {
      number = try Self.signal(in: content)
    } catch {
      if let writer { sender.answer(request, writer.failed(request, started: .now, error: error, method: nil)) }
      return
    }
    logger.info("signal", metadata: [LogKey.signal: "\(SignalName.describe(number))"])
    let isDone =
      switch number {
      case SIGINT, 0: true
      case SIGTERM: false
      default: pythonWorker?.signal(number) ?? false
      }
    if number == SIGINT { pythonWorker?.interrupt(nil) }
    answer(request, content: ["status": "ok"])
    guard !isDone else { return }
    // The answer goes out first: the signal may end this process.
    _ = loop.schedule(at: .now + Self.answerTime) { kill(getpid(), number) }
  }

  private static let answerTime = Duration.milliseconds(100)

  private static func signal(in content: JSONValue) throws(RaisedError) -> Int32 {
    switch content["sig"] {
    // Signal 0 reaches nobody; it asks whether there is a process.
    case .int(let number)? where (0...64).contains(number): return Int32(number)
    case .string(let name)?:
      if let number = SignalName.number(name) { return number }
      throw RaisedError("AttributeError", "there is no signal '\(name)'")
    default: throw RaisedError("ValueError", "a signal_request needs 'sig', the number or the name of a signal")
    }
  }
}
