import Logging
import MartletZeroMQ
import Synchronization

/// Retiring when a limit has been reached.
extension EngineConnection {
  /// Counts requests for an engine with limits.
  ///
  /// - Parameter canRetire: whether the controller takes tasks back. If so, no task begins after the last one that may.
  func makeRequestCount(canRetire: Bool) -> RequestCount? {
    guard !configuration.limits.isEmpty else { return nil }
    let limit = configuration.limits.requests
    let count = RequestCount(limit: limit) { [weak self, lease] in
      if canRetire { lease.retire() }
      self?.onLoop { $0.retire(at: .requests(limit ?? 0)) }
    }
    requestCount = count
    return count
  }

  /// Starts to look at the engine's limits, when the program has prepared it.
  func watchLimits(since registered: ContinuousClock.Instant) {
    guard !configuration.limits.isEmpty else { return }
    limitWatch = EngineLimitWatch(
      configuration.limits, grace: configuration.grace, registered: registered, now: .now)
    checkLimits()
  }

  private func checkLimits() {
    guard retirement == nil, let requestCount else { return }
    let step = limitWatch?.step(
      begun: requestCount.begun, isIdle: mailbox.isIdle && beside.isIdle, memory: { occupiedMemory }, now: .now)
    switch step {
    case .wait(let time):
      _ = loop.schedule(at: .now + time) { [weak self] in self?.assumeIsolated { $0.checkLimits() } }
    case .retire(let limit): retire(at: limit)
    case nil: break
    }
  }

  private func retire(at limit: EngineLimit) {
    guard retirement == nil else { return }
    reachedLimit.withLock { $0 = limit }
    logger.info("the engine has reached a limit: \(limit)")
    retire()
  }

  /// The bytes that the engine and its Python process occupy.
  private var occupiedMemory: Int {
    (ProcessMemory.residentSize() ?? 0) + (pythonWorker?.residentSize ?? 0)
  }
}
