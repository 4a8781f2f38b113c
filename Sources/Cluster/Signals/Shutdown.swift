import Dispatch
import Foundation
import Synchronization

/// A shutdown requested from outside.
public struct Interruption: Error, Sendable, Hashable, CustomStringConvertible {
  /// The signal; `nil` when the process that started this one is gone.
  public let signal: Int32?

  /// A description for messages.
  public var description: String { signal.map { "stopped by signal \($0)" } ?? "the starting process is gone" }

  /// The exit code that shells expect.
  public var exitCode: Int32 { 128 + (signal ?? SIGTERM) }
}

/// Runs an operation until it finishes. SIGINT, SIGTERM, SIGHUP and the end of the starting process cancel it.
///
/// A second signal is not caught. It ends the process at once, and its children end with it.
///
/// - Parameter operation: the work to run; it must clean up when it is cancelled.
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

/// A handler of signals that are meant for what a process runs, or that don't end the process at once.
package enum SignalHandler {
  private static let handler = Mutex<(@Sendable (Int32) -> Bool)?>(nil)

  /// Sets the handler for SIGINT and SIGTERM, which gets each before it ends the process.
  ///
  /// - Parameter handler: returns whether it has dealt with the signal.
  package static func set(_ handler: @escaping @Sendable (Int32) -> Bool) { self.handler.withLock { $0 = handler } }

  /// Whether a handler has dealt with a signal.
  static func handles(_ number: Int32) -> Bool { handler.withLock { $0 }?(number) ?? false }
}

/// The first of the terminating signals to arrive; `nil` if the task is cancelled first. SIGHUP counts only if it was
/// not already ignored, as it is under `nohup`.
private func firstSignal() async -> Int32? {
  let (signals, continuation) = AsyncStream.makeStream(of: Int32.self)
  // Otherwise the default action ends the process before a source sees the signal. What comes before the source does is noted.
  let ignoresHangup = isIgnored(signal(SIGHUP, SIG_IGN))
  let numbers = [SIGINT, SIGTERM] + (ignoresHangup ? [] : [SIGHUP])
  let sources = numbers.map { number in
    earlySignals.bitwiseAnd(~(1 << Int(number)), ordering: .relaxed)
    signal(number) { earlySignals.bitwiseOr(1 << Int($0), ordering: .relaxed) }
    let source = DispatchSource.makeSignalSource(signal: number)
    let handle: @Sendable () -> Void = {
      if number == SIGHUP || !SignalHandler.handles(number) { continuation.yield(number) }
    }
    source.setEventHandler(handler: handle)
    source.setRegistrationHandler {
      if earlySignals.load(ordering: .relaxed) & (1 << Int(number)) != 0 { handle() }
    }
    source.resume()
    return source
  }
  var iterator = signals.makeAsyncIterator()
  let first = await iterator.next()
  for source in sources { source.cancel() }
  for number in numbers { signal(number, SIG_DFL) }
  return first
}

/// The signals that came before their sources were registered: bit N for signal N.
private let earlySignals = Atomic<Int>(0)

private typealias SignalAction = @convention(c) (Int32) -> Void

/// Whether a handler is `SIG_IGN`. Functions can't be compared, so this compares their addresses.
private func isIgnored(_ handler: SignalAction?) -> Bool {
  unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN as SignalAction?, to: Int.self)
}
