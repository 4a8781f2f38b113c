import MartletZeroMQ
import Synchronization

/// Has requests stopped that run for longer than they may: an ``ExecutionLimit`` with the alarm of a loop.
final class RequestStopper: Sendable {
  private let limit = Mutex(ExecutionLimit<Request>())
  private let loop: EventLoop
  /// Called on the loop.
  private let onExpiry: @Sendable (Request) -> Void

  init(_ loop: EventLoop, onExpiry: @escaping @Sendable (Request) -> Void) {
    self.loop = loop
    self.onExpiry = onExpiry
  }

  /// A request begins that has a limit.
  func begin(_ request: Request, limit duration: Duration) {
    guard let alarm = limit.withLock({ $0.begin(request, limit: duration, now: .now) }) else { return }
    // After the end of the loop the engine has left.
    try? loop.execute { [self] in setAlarm(at: alarm) }
  }

  /// A request begins that has a limit and runs beside others. The alarm comes even if it has ended.
  func beginBeside(_ request: Request, limit duration: Duration) {
    let time = ContinuousClock.now + duration
    try? loop.execute { [self] in
      _ = loop.schedule(at: time) { [weak self] in self?.onExpiry(request) }
    }
  }

  /// The request has ended.
  func end() { limit.withLock { $0.end() } }

  private func setAlarm(at time: ContinuousClock.Instant) {
    _ = loop.schedule(at: time) { [weak self] in self?.alarmCame() }
  }

  private func alarmCame() {
    let (expired, next) = limit.withLock { $0.alarmCame(now: .now) }
    if let next { setAlarm(at: next) }
    if let expired { onExpiry(expired) }
  }
}
