import Foundation
import MartletEngine
import MartletWire

extension EngineOptions {
  /// Reads when the engine retires by itself.
  mutating func readLimits(
    _ reader: inout OptionReader, _ classes: [String], environment: [String: String]
  ) throws(OptionError) {
    var idleTime = Duration.zero
    var lifetime: Duration?
    var requests = 0
    var memory = ResourceAmount.zero
    try reader.read(&requests, "max_tasks", of: classes, as: .int)
    try reader.read(&idleTime, "idle_time", of: classes, as: .seconds)
    try reader.read(&lifetime, "time_limit", of: classes, as: .seconds)
    try reader.read(&memory, "max_memory", of: classes, as: .bytes)
    limits.requests = requests > 0 ? requests : nil
    limits.idleTime = idleTime > .zero ? idleTime : nil
    if let lifetime {
      limits.lifetime = lifetime > .zero ? lifetime : nil
    } else {
      allocationEnd = AllocationTime.left(environment, at: Date()).map { .now + $0 }
    }
    limits.memory = memory > .zero ? Int(memory.value) : nil
  }

  /// How long an engine with these options may live that registers now; `nil` without a limit.
  func lifetime(at now: ContinuousClock.Instant) -> Duration? {
    limits.lifetime ?? allocationEnd.map { max($0 - now, .zero) }
  }
}
