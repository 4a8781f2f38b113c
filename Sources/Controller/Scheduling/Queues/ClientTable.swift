/// A client with tasks in flight.
struct ClientRecord: DirectoryRecord {
  typealias Tag = ClientTag

  /// The session.
  let id: String
  let hash: UInt32
  /// The tasks that no engine has, in the order in which they were queued.
  var queued = TaskList()
  /// See ``ClientTurns``.
  var turn = Int.min
  /// The tasks that have not ended.
  var usage = QueueLimit.Usage()
  var hasVanished = false
}

/// The clients with tasks in flight, and how much each has.
struct ClientTable {
  private var clients = Directory(vacant: ClientRecord(id: "", hash: 0))
  /// The client of the latest submission, kept because submissions come in runs.
  private var latest: ClientHandle?
  private var turns = ClientTurns()
  private let limit: QueueLimit
  /// What all clients have in flight.
  private(set) var total = QueueLimit.Usage()

  init(limit: QueueLimit) { self.limit = limit }

  /// The number of clients that memory is allocated for.
  var capacity: Int { clients.capacity }

  func find(_ session: String) -> ClientHandle? { clients.find(session) }

  /// Whether the client is gone.
  @inline(__always)
  func hasVanished(_ client: ClientHandle?) -> Bool { client.map { clients[$0].hasVanished } ?? true }

  /// Notes that a client is gone.
  mutating func vanish(_ client: ClientHandle) { clients[client].hasVanished = true }

  /// The task of a client that was queued first.
  func firstQueued(of client: ClientHandle) -> TaskHandle? {
    clients.contains(client) ? clients[client].queued.first : nil
  }

  // MARK: - Tasks in flight

  /// The client that submits a task.
  mutating func submitter(_ session: String) -> ClientHandle {
    if let latest, clients[latest].id == session {
      clients[latest].hasVanished = false
      return latest
    }
    let hash = session.identifierHash
    let client = clients.find(session, hash: hash) ?? clients.insert(ClientRecord(id: session, hash: hash))
    clients[client].hasVanished = false
    let former = latest
    latest = client
    if let former { removeIfIdle(former) }
    return client
  }

  /// The limit that one more task of a client would exceed, if any.
  @inline(__always)
  func excess(adding size: Int, of client: ClientHandle) -> QueueLimit.Excess? {
    limit.excess(adding: size, client: clients[client].usage, total: total)
  }

  /// Counts a task that has been accepted.
  mutating func taskAccepted(of client: ClientHandle, bytes size: Int) {
    clients[client].usage.add(bytes: size)
    total.add(bytes: size)
  }

  /// Forgets a task that has ended and is not queued.
  mutating func taskEnded(of client: ClientHandle, bytes size: Int) {
    clients[client].usage.remove(bytes: size)
    total.remove(bytes: size)
    removeIfIdle(client)
  }

  private mutating func removeIfIdle(_ client: ClientHandle) {
    if client != latest, clients[client].usage.tasks == 0 { clients.remove(client) }
  }

  // MARK: - Queues

  /// Adds a task to those of its client that no engine has.
  mutating func enqueue<Payload>(_ task: TaskHandle, _ tasks: inout TaskTable<Payload>) {
    guard let client = tasks[task].client else { return }
    if clients[client].queued.isEmpty { clients[client].turn = turns.came(clients[client].turn) }
    tasks.appendToClient(task, &clients[client].queued)
  }

  /// Removes a task from those of its client that no engine has.
  mutating func dequeue<Payload>(_ task: TaskHandle, _ tasks: inout TaskTable<Payload>) {
    guard let client = tasks[task].client else { return }
    tasks.unlinkFromClient(task, &clients[client].queued)
  }

  /// Notes that a task, which is not queued any more, is given to an engine.
  mutating func served<Payload>(_ task: TaskHandle, _ tasks: inout TaskTable<Payload>) {
    guard let client = tasks[task].client else { return }
    clients[client].turn = turns.served()
  }

  /// Where a queued task stands.
  @inline(__always)
  func rank<Payload>(of task: TaskHandle, _ tasks: inout TaskTable<Payload>) -> TaskRank {
    TaskRank(
      priority: tasks[task].priority, turn: tasks[task].client.map { clients[$0].turn } ?? .min,
      sequence: tasks[task].sequence)
  }

  /// The one of two queued tasks that goes first.
  @inline(__always)
  func better<Payload>(
    _ left: TaskHandle?, _ right: TaskHandle?, _ tasks: inout TaskTable<Payload>
  ) -> TaskHandle? {
    guard let left, let right else { return left ?? right }
    return rank(of: right, &tasks) < rank(of: left, &tasks) ? right : left
  }

  /// The tasks that no engine has, client by client.
  func queued<Payload>(_ tasks: TaskTable<Payload>) -> [TaskHandle] {
    var queued: [TaskHandle] = []
    clients.visit { _, client in
      var next = client.queued.first
      while let task = next {
        queued.append(task)
        next = tasks[task].clientLinks.next
      }
    }
    return queued
  }

  /// What is wrong with the clients.
  func problems<Payload>(_ tasks: TaskTable<Payload>) -> [String] {
    var problems: [String] = []
    var usages: [ClientHandle: QueueLimit.Usage] = [:]
    var queuedCount = 0
    tasks.visit { _, task in
      if task.phase.isQueued { queuedCount += 1 }
      if let client = task.client { usages[client, default: .init()].add(bytes: task.size) }
    }
    clients.visit { handle, client in
      let usage = usages[handle] ?? .init()
      if usage != client.usage { problems.append("client \(client.id) has \(usage), not \(client.usage)") }
      if usage.tasks == 0, handle != latest { problems.append("client \(client.id) has no tasks") }
    }
    let sum = usages.values.reduce(into: QueueLimit.Usage()) {
      $0.tasks += $1.tasks
      $0.bytes += $1.bytes
    }
    if sum != total { problems.append("the clients have \(sum), not \(total)") }
    let queued = queued(tasks)
    if queued.count != queuedCount { problems.append("\(queued.count) tasks in lists of clients, not \(queuedCount)") }
    for task in queued where !tasks[task].phase.isQueued {
      problems.append("\(tasks[task].id) is queued for its client, but \(tasks[task].phase)")
    }
    return problems
  }
}
