import Dispatch
import Foundation

/// A shutdown that was asked for from outside.
public struct Interruption: Error, Sendable, Hashable, CustomStringConvertible {
  /// The signal, or `nil` when the process that started this one is gone.
  public let signal: Int32?

  /// In words, for messages.
  public var description: String { signal.map { "stopped by signal \($0)" } ?? "the starting process is gone" }

  /// The exit code shells expect for it.
  public var exitCode: Int32 { 128 + (signal ?? SIGTERM) }
}

/// Runs something until it is done, or until SIGINT, SIGTERM, SIGHUP or the end of the starting process cancels
/// it.
///
/// A second signal is not caught: it ends the process at once, and what it started follows.
///
/// - Parameter operation: is expected to put everything away when it is cancelled.
/// - Throws: ``Interruption`` after the operation has ended, or what the operation throws.
public func runUntilShutdown<Output: Sendable>(
  _ operation: @escaping @Sendable () async throws -> Output
) async throws -> Output {
  let hangsOnParent = Lifeline.takeUp()
  return try await withThrowingTaskGroup(of: Output?.self) { group in
    group.addTask { try await operation() }
    group.addTask {
      guard let signal = await firstSignal() else { return nil }
      throw Interruption(signal: signal)
    }
    if hangsOnParent {
      group.addTask {
        await Lifeline.waitUntilCut()
        if Task.isCancelled { return nil }
        throw Interruption(signal: nil)
      }
    }
    defer { group.cancelAll() }
    while let output = try await group.next() {
      if let output { return output }
    }
    throw CancellationError()
  }
}

/// The first of the signals that end a process to arrive, `nil` when the task is cancelled before. A hangup counts only
/// where it was not ignored before, as `nohup` has it.
private func firstSignal() async -> Int32? {
  let (signals, continuation) = AsyncStream.makeStream(of: Int32.self)
  // The default action would end the process before a source sees the signal.
  let ignoresHangup = isIgnored(signal(SIGHUP, SIG_IGN))
  let numbers = [SIGINT, SIGTERM] + (ignoresHangup ? [] : [SIGHUP])
  let sources = numbers.map { number in
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number)
    source.setEventHandler { continuation.yield(number) }
    source.resume()
    return source
  }
  var iterator = signals.makeAsyncIterator()
  let first = await iterator.next()
  for source in sources { source.cancel() }
  for number in numbers { signal(number, SIG_DFL) }
  return first
}

private typealias SignalHandler = @convention(c) (Int32) -> Void

/// Whether a signal's handler is the one that ignores it. Functions can't be compared, their addresses can.
private func isIgnored(_ handler: SignalHandler?) -> Bool {
  unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN as SignalHandler?, to: Int.self)
}
