/// The requests the hub knows: those that wait for an answer, and the latest that have one.
///
/// Each is one entry, in one list at most, so that an event costs one look-up.
struct RequestLedger {
  /// In which list a request is.
  enum Place: Equatable {
    /// In none: it waits, but for no registered engine.
    case nowhere
    /// A task that no engine has yet.
    case unassigned
    /// Sent to an engine directly.
    case queue(engine: Int)
    /// Given to an engine by the task scheduler.
    case tasks(engine: Int)
    /// Answered.
    case completed
  }

  /// A request in the table.
  typealias Slot = MessageTable<Request>.Slot
  /// A list of requests.
  typealias List = MessageTable<Request>.List

  /// What the ledger knows of a request.
  struct Request {
    var place = Place.nowhere
    /// The uuid of the engine that has it, or had it when it left.
    var holder: String?
  }

  private var table = MessageTable(vacant: Request())
  private(set) var unassigned = List()
  private var completed = List()

  /// More answered requests than these are forgotten, those first that were answered longest ago.
  private static let completedLimit = 65_536

  /// How many requests wait for an answer.
  var pendingCount: Int { table.count - completed.count }

  func isPending(_ id: String) -> Bool { table.find(id).map { table[$0].place != .completed } ?? false }
  func isCompleted(_ id: String) -> Bool { table.find(id).map { table[$0].place == .completed } ?? false }

  /// The ids in a list, in order.
  func ids(in list: List) -> [String] { table.ids(in: list) }

  /// A request is waited for: nobody has it yet, unless it waits already.
  mutating func expect(_ id: String) {
    _ = pendingSlot(id)
  }

  /// A task came to the scheduler; one that was sent twice may be with an engine already.
  mutating func assignLater(_ id: String) {
    let slot = pendingSlot(id)
    guard table[slot].place == .nowhere, table[slot].holder == nil else { return }
    table[slot].place = .unassigned
    table.append(slot, to: &unassigned)
  }

  /// A request was sent to an engine directly.
  mutating func enqueue(_ id: String, on engine: EngineTable.Engine, _ engines: inout EngineTable) {
    move(pendingSlot(id), to: .queue(engine: engine.id), holder: engine.uuid, &engines)
  }

  /// A task was given to an engine, maybe after another had it in vain. Returns whether it waits for an answer.
  mutating func assign(_ id: String, to engine: EngineTable.Engine, _ engines: inout EngineTable) -> Bool {
    guard let slot = table.find(id), table[slot].place != .completed else { return false }
    move(slot, to: .tasks(engine: engine.id), holder: engine.uuid, &engines)
    return true
  }

  /// A task that waits for an answer is no engine's any more.
  mutating func unassign(_ id: String, _ engines: inout EngineTable) {
    guard let slot = table.find(id), table[slot].place != .completed else { return }
    move(slot, to: .unassigned, holder: nil, &engines)
  }

  /// What became of a request that is answered.
  enum Settlement {
    case settled, settledBefore, unknown
  }

  /// A request is answered.
  mutating func settle(_ id: String, _ engines: inout EngineTable) -> Settlement {
    guard let slot = table.find(id) else { return .unknown }
    if table[slot].place == .completed { return .settledBefore }
    complete(slot, &engines)
    return .settled
  }

  /// Ends a request that an engine never answered. Returns whether it still waited for that engine.
  mutating func giveUp(_ id: String, of uuid: String, _ engines: inout EngineTable) -> Bool {
    guard let slot = table.find(id), table[slot].place != .completed, table[slot].holder == uuid else { return false }
    complete(slot, &engines)
    return true
  }

  /// Empties the lists of an engine that is gone; its requests still wait. Returns those sent to it directly.
  mutating func release(_ work: EngineTable.Work) -> [String] {
    let queue = table.slots(in: work.queue)
    for slot in queue + table.slots(in: work.tasks) { table[slot].place = .nowhere }
    return queue.map { table.id(of: $0) }
  }

  /// The slot of a request that waits for an answer from now on.
  private mutating func pendingSlot(_ id: String) -> Slot {
    let slot = table.slot(of: id).slot
    if table[slot].place == .completed {
      table.unlink(slot, from: &completed)
      table[slot] = Request()
    }
    return slot
  }

  private mutating func complete(_ slot: Slot, _ engines: inout EngineTable) {
    move(slot, to: .completed, holder: nil, &engines)
    if completed.count > Self.completedLimit, let oldest = completed.first {
      table.unlink(oldest, from: &completed)
      table.remove(oldest)
    }
  }

  private mutating func move(_ slot: Slot, to place: Place, holder: String?, _ engines: inout EngineTable) {
    switch table[slot].place {
    case .nowhere: break
    case .unassigned: table.unlink(slot, from: &unassigned)
    case .queue(let engine): table.unlink(slot, from: &engines.work[engine, default: .init()].queue)
    case .tasks(let engine): table.unlink(slot, from: &engines.work[engine, default: .init()].tasks)
    case .completed: table.unlink(slot, from: &completed)
    }
    table[slot].place = place
    table[slot].holder = holder
    switch place {
    case .nowhere: break
    case .unassigned: table.append(slot, to: &unassigned)
    case .queue(let engine): table.append(slot, to: &engines.work[engine, default: .init()].queue)
    case .tasks(let engine): table.append(slot, to: &engines.work[engine, default: .init()].tasks)
    case .completed: table.append(slot, to: &completed)
    }
  }
}
