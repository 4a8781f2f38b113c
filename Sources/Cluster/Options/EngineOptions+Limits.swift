import MartletEngine
import MartletWire

extension EngineOptions {
  /// Reads when the engine retires by itself.
  mutating func readLimits(_ reader: inout OptionReader, _ classes: [String]) throws(OptionError) {
    var times = (idle: Duration.zero, life: Duration.zero)
    var requests = 0
    var memory = ResourceAmount.zero
    try reader.read(&requests, "max_tasks", of: classes, as: .int)
    try reader.read(&times.idle, "idle_time", of: classes, as: .seconds)
    try reader.read(&times.life, "time_limit", of: classes, as: .seconds)
    try reader.read(&memory, "max_memory", of: classes, as: .bytes)
    limits.requests = requests > 0 ? requests : nil
    limits.idleTime = times.idle > .zero ? times.idle : nil
    limits.lifetime = times.life > .zero ? times.life : nil
    limits.memory = memory > .zero ? Int(memory.value) : nil
  }
}
