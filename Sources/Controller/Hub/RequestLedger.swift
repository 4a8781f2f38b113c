/// The requests the hub knows: all pending and the most recently answered ones.
///
/// Each request is in exactly one list, so an event costs one look-up.
struct RequestLedger {
  /// The list a request is in.
  enum Place: Equatable {
    /// Pending, but not at a registered engine and not announced by the task scheduler.
    case adrift
    /// A task not yet assigned to an engine.
    case unassigned
    /// Sent to an engine directly.
    case queue(engine: Int)
    /// Assigned to an engine by the task scheduler.
    case tasks(engine: Int)
    /// Answered.
    case completed
  }

  typealias Slot = MessageTable<Request>.Slot
  typealias List = MessageTable<Request>.List

  /// The ledger's entry for a request.
  struct Request {
    var place = Place.adrift
    /// The uuid of the engine that has the request, or had it when the engine left.
    var holder: String?
    /// Whether the request was posted to the task store.
    var isRecorded = false
    /// The bytes of its message, known while the request is in an engine's queue.
    var size = 0
  }

  private var table = MessageTable(vacant: Request())
  private(set) var unassigned = List()
  /// The requests sent to engines directly that are unanswered.
  private(set) var queueUsage = QueueLimit.Usage()
  private var adrift = List()
  private var completed = List()

  /// The number of answered requests to remember. The ones answered longest ago are forgotten first.
  private static let completedLimit = 65_536

  /// The number of pending requests.
  var pendingCount: Int { table.count - completed.count }

  func isPending(_ id: String) -> Bool { table.find(id).map { table[$0].place != .completed } ?? false }
  func isCompleted(_ id: String) -> Bool { table.find(id).map { table[$0].place == .completed } ?? false }

  /// Whether the ledger knows the request but it was not posted to the task store.
  func isUnrecorded(_ id: String) -> Bool { table.find(id).map { !table[$0].isRecorded } ?? false }

  /// The ids in a list, in order.
  func ids(in list: List) -> [String] { table.ids(in: list) }

  /// Notes that a recorded request is about to be sent. Has no effect if it is already pending.
  mutating func expect(_ id: String) { _ = pendingSlot(id, isRecorded: true) }

  /// Notes that a task reached the scheduler. If it was sent twice, an engine may already have it.
  mutating func assignLater(_ id: String, isRecorded: Bool = true) {
    let slot = pendingSlot(id, isRecorded: isRecorded)
    guard table[slot].place == .adrift, table[slot].holder == nil else { return }
    table.unlink(slot, from: &adrift)
    table[slot].place = .unassigned
    table.append(slot, to: &unassigned)
  }

  /// Notes that a request was sent to an engine directly.
  mutating func enqueue(
    _ id: String, on engine: EngineTable.Engine, size: Int, isRecorded: Bool = true, _ engines: inout EngineTable
  ) {
    let slot = pendingSlot(id, isRecorded: isRecorded)
    move(slot, to: .queue(engine: engine.id), holder: engine.uuid, &engines)
    table[slot].size = size
    queueUsage.add(bytes: size)
  }

  /// Notes that a task was assigned to an engine, perhaps after another one failed to run it. Returns whether it is
  /// recorded, or nil if it is not pending.
  mutating func assign(_ id: String, to engine: EngineTable.Engine, _ engines: inout EngineTable) -> Bool? {
    guard let slot = table.find(id), table[slot].place != .completed else { return nil }
    move(slot, to: .tasks(engine: engine.id), holder: engine.uuid, &engines)
    return table[slot].isRecorded
  }

  /// Notes that an engine returned a pending task.
  mutating func unassign(_ id: String, _ engines: inout EngineTable) {
    guard let slot = table.find(id), table[slot].place != .completed else { return }
    move(slot, to: .unassigned, holder: nil, &engines)
  }

  /// The result of ``settle(_:_:)``.
  enum Settlement: Equatable {
    /// The request was pending.
    case settled(isRecorded: Bool)
    /// The request already had an answer.
    case settledBefore(isRecorded: Bool)
    /// The ledger does not know the request.
    case unknown

    /// Whether the task store may have a record of the request.
    var mayBeRecorded: Bool {
      switch self {
      case .settled(let isRecorded), .settledBefore(let isRecorded): isRecorded
      case .unknown: true
      }
    }
  }

  /// Notes that a request was answered.
  mutating func settle(_ id: String, _ engines: inout EngineTable) -> Settlement {
    guard let slot = table.find(id) else { return .unknown }
    let isRecorded = table[slot].isRecorded
    if table[slot].place == .completed { return .settledBefore(isRecorded: isRecorded) }
    complete(slot, &engines)
    return .settled(isRecorded: isRecorded)
  }

  /// Ends a request that an engine never answered. Returns whether it is recorded, or nil if it is no longer pending on
  /// that engine.
  mutating func giveUp(_ id: String, of uuid: String, _ engines: inout EngineTable) -> Bool? {
    guard let slot = table.find(id), table[slot].place != .completed, table[slot].holder == uuid else { return nil }
    let isRecorded = table[slot].isRecorded
    complete(slot, &engines)
    return isRecorded
  }

  /// Empties the lists of an engine that has left. Its requests stay pending. Returns the ids of those sent to it
  /// directly.
  mutating func release(_ work: EngineTable.Work) -> [String] {
    var work = work
    let queue = drain(&work.queue)
    for slot in queue + table.drain(&work.tasks) {
      table[slot].place = .adrift
      table.append(slot, to: &adrift)
    }
    return queue.map { table.id(of: $0) }
  }

  /// Forgets all pending requests. Returns their ids.
  mutating func forgetPending(_ engines: inout EngineTable) -> [String] {
    var slots = table.drain(&adrift) + table.drain(&unassigned)
    for engine in engines.work.keys {
      slots += drain(&engines[workOf: engine].queue)
      slots += table.drain(&engines[workOf: engine].tasks)
    }
    let ids = slots.map { table.id(of: $0) }
    for slot in slots { table.remove(slot) }
    return ids
  }

  /// The slot of a request, which becomes pending.
  private mutating func pendingSlot(_ id: String, isRecorded: Bool) -> Slot {
    let (slot, isNew) = table.slot(of: id)
    if isNew {
      table.append(slot, to: &adrift)
    } else if table[slot].place == .completed {
      table.unlink(slot, from: &completed)
      table[slot] = Request()
      table.append(slot, to: &adrift)
    }
    if isRecorded { table[slot].isRecorded = true }
    return slot
  }

  private mutating func complete(_ slot: Slot, _ engines: inout EngineTable) {
    move(slot, to: .completed, holder: nil, &engines)
    if completed.count > Self.completedLimit, let oldest = completed.first {
      table.unlink(oldest, from: &completed)
      table.remove(oldest)
    }
  }

  /// Empties the queue of an engine. Returns its requests in order.
  private mutating func drain(_ queue: inout List) -> [Slot] {
    let slots = table.drain(&queue)
    for slot in slots { leftQueue(slot) }
    return slots
  }

  private mutating func leftQueue(_ slot: Slot) {
    queueUsage.remove(bytes: table[slot].size)
    table[slot].size = 0
  }

  private mutating func move(_ slot: Slot, to place: Place, holder: String?, _ engines: inout EngineTable) {
    switch table[slot].place {
    case .adrift: table.unlink(slot, from: &adrift)
    case .unassigned: table.unlink(slot, from: &unassigned)
    case .queue(let engine):
      table.unlink(slot, from: &engines[workOf: engine].queue)
      leftQueue(slot)
    case .tasks(let engine): table.unlink(slot, from: &engines[workOf: engine].tasks)
    case .completed: table.unlink(slot, from: &completed)
    }
    table[slot].place = place
    table[slot].holder = holder
    switch place {
    case .adrift: table.append(slot, to: &adrift)
    case .unassigned: table.append(slot, to: &unassigned)
    case .queue(let engine): table.append(slot, to: &engines[workOf: engine].queue)
    case .tasks(let engine): table.append(slot, to: &engines[workOf: engine].tasks)
    case .completed: table.append(slot, to: &completed)
    }
  }
}

extension MessageTable {
  /// Unlinks all slots of a list. Returns them in order.
  fileprivate mutating func drain(_ list: inout List) -> [Slot] {
    let slots = slots(in: list)
    for slot in slots { unlink(slot, from: &list) }
    return slots
  }
}
