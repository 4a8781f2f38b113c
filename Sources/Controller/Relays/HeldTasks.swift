/// A task for an engine.
struct HeldTask {
  let message: HeldMessage
  let id: String
  let engine: EngineIdentity
  let attempt: Int
}

/// The tasks and probes for engines that are registered but can't be reached yet. Tasks are in the order of their dispatch.
struct HeldTasks {
  private var tasks: [HeldTask] = []
  /// The numbers of the probes that could not be sent.
  private var probes: [EngineIdentity: Int] = [:]
  private var engines: Set<EngineIdentity> = []

  /// Whether something is held for an engine: what follows has to wait behind it.
  func contains(_ engine: EngineIdentity) -> Bool { !engines.isEmpty && engines.contains(engine) }

  mutating func hold(_ task: HeldTask) {
    tasks.append(task)
    engines.insert(task.engine)
  }

  mutating func holdProbe(of engine: EngineIdentity, number: Int) {
    probes[engine] = number
    engines.insert(engine)
  }

  /// Takes everything, to be sent again.
  mutating func takeAll() -> (tasks: [HeldTask], probes: [EngineIdentity: Int]) {
    defer { self = HeldTasks() }
    return (tasks, probes)
  }

  /// Removes what is held for an engine. Returns the ids of the tasks.
  mutating func remove(_ engine: EngineIdentity) -> [String] {
    probes[engine] = nil
    guard engines.remove(engine) != nil else { return [] }
    let ids = tasks.filter { $0.engine == engine }.map(\.id)
    tasks.removeAll { $0.engine == engine }
    return ids
  }
}
