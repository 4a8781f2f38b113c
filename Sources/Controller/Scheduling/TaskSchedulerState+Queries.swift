extension TaskSchedulerState {
  /// How many tasks could run and lack only a free engine.
  public var queuedCount: Int { ready.count + excluded.count + groupedCount }

  /// How many tasks wait for dependencies.
  public var waitingCount: Int { waitingTotal }

  /// How many tasks are on engines.
  public var pendingCount: Int { pendingTotal }

  /// How many engines are registered.
  public var engineCount: Int { registeredCount }

  /// How many finished tasks are remembered.
  public var historyCount: Int { finished.count }

  /// The ids of all queued and waiting tasks, client by client in the order they were queued. Linear in their number.
  public var queuedIDs: [String] {
    var ids: [String] = []
    for client in clients {
      var task = client.queued.head
      while task >= 0 {
        ids.append(tasks[task].id)
        task = tasks[task].clientLinks.next
      }
    }
    return ids
  }

  /// The ids of the tasks on an engine in the order they were sent; empty for an unknown engine.
  public func pendingIDs(on engine: EngineIdentity) -> [String] {
    guard let slot = engineIndex[engine] else { return [] }
    var ids: [String] = []
    var task = engines[Int(slot)].pending.head
    while task >= 0 {
      ids.append(tasks[task].id)
      task = tasks[task].links.next
    }
    return ids
  }

  /// Whether a task is on that engine.
  public func isPending(_ id: String, on engine: EngineIdentity) -> Bool {
    guard let task = tasks.find(id, hash: IdentifierTable.hash(id)), tasks[task].phase == .pending,
      let token = tasks[task].engine
    else { return false }
    return engines[Int(token.slot)].identity == engine
  }

  /// How many tasks an engine has; nil if it is not registered.
  public func load(of engine: EngineIdentity) -> Int? {
    guard let slot = slot(of: engine) else { return nil }
    return pool.load(of: Int32(slot))
  }

  /// The loads of all registered engines.
  public var loads: [EngineIdentity: Int] {
    var loads: [EngineIdentity: Int] = [:]
    for (identity, slot) in engineIndex where engines[Int(slot)].phase == .registered {
      loads[identity] = pool.load(of: slot)
    }
    return loads
  }

  /// The dense number of a registered engine, the one its dispatches carry.
  public func slot(of engine: EngineIdentity) -> Int? {
    guard let slot = engineIndex[engine], engines[Int(slot)].phase == .registered else { return nil }
    return Int(slot)
  }
}
