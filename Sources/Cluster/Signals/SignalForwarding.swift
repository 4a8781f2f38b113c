import Dispatch
import Foundation
import MartletEngine

/// Passes on the signals that an engine's process gets: SIGTERM has the engine retire, and a second one end at once; others
/// may be for the Python code it runs. ipyparallel's `Cluster.signal_engines` sends them to the processes it has started.
struct SignalForwarding {
  private let sources: [any DispatchSourceSignal]

  /// Signals whose meaning is up to user code.
  private static let numbers = [SIGUSR1, SIGUSR2]

  /// Forwards to an engine until ``end()``.
  init(to engine: Engine) {
    SignalHandler.set { $0 == SIGTERM ? engine.retire() : engine.passOn(signal: $0) }
    sources = Self.numbers.map { number in
      // Otherwise the default action ends the process before a source sees the signal.
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number)
      source.setEventHandler {
        guard !engine.passOn(signal: number) else { return }
        // What would have happened without this.
        signal(number, SIG_DFL)
        kill(getpid(), number)
      }
      source.resume()
      return source
    }
  }

  /// Restores the default actions.
  func end() {
    for source in sources { source.cancel() }
    for number in Self.numbers { signal(number, SIG_DFL) }
    SignalHandler.set { _ in false }
  }
}
