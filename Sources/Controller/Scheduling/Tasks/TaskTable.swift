/// All tasks the scheduler knows, in flight or finished, and their constraints.
struct TaskTable<Payload> {
  private var tasks = Directory(vacant: ScheduledTask<Payload>(id: "", hash: 0, payload: nil, size: 0, retries: 0))
  private var constraints = Slab<ConstraintsTag, TaskConstraints<Payload>>(vacant: TaskConstraints())

  /// The number of tasks.
  var count: Int { tasks.count }

  /// The number of tasks with constraints.
  var constrainedCount: Int { constraints.count }

  /// The number of tasks that memory is allocated for.
  var capacity: Int { max(tasks.capacity, constraints.capacity) }

  subscript(task: TaskHandle) -> ScheduledTask<Payload> {
    @inline(__always) get { tasks[task] }
    @inline(__always) _modify { yield &tasks[task] }
  }

  subscript(handle: ConstraintsHandle) -> TaskConstraints<Payload> {
    @inline(__always) get { constraints[handle] }
    @inline(__always) _modify { yield &constraints[handle] }
  }

  func contains(_ task: TaskHandle) -> Bool { tasks.contains(task) }

  func find(_ id: String) -> TaskHandle? { tasks.find(id) }

  func find(_ id: String, hash: UInt32) -> TaskHandle? { tasks.find(id, hash: hash) }

  mutating func insert(_ task: consuming ScheduledTask<Payload>) -> TaskHandle { tasks.insert(consume task) }

  /// Removes a finished task that is in no list.
  mutating func remove(_ task: TaskHandle) { tasks.remove(task) }

  func visit(_ body: (TaskHandle, ScheduledTask<Payload>) -> Void) { tasks.visit(body) }

  // MARK: - Constraints

  /// Adds constraints to a task that has none.
  mutating func constrain(_ task: TaskHandle, _ new: consuming TaskConstraints<Payload>) -> ConstraintsHandle {
    let handle = constraints.insert(consume new)
    tasks[task].constraints = handle
    return handle
  }

  /// Removes the constraints of a task, which must be out of the dependency graph.
  mutating func removeConstraints(of task: TaskHandle) {
    guard let handle = tasks[task].constraints else { return }
    tasks[task].constraints = nil
    constraints.remove(handle)
  }

  /// What a task requires of its engine; `nil` for nothing.
  @inline(__always)
  func demand(of task: TaskHandle) -> ResourceDemand? {
    guard let handle = tasks[task].constraints else { return nil }
    return constraints[handle].demand
  }

  // MARK: - Lists

  mutating func append(_ task: TaskHandle, to list: inout TaskList) { tasks.append(task, to: &list) }

  mutating func prepend(_ task: TaskHandle, to list: inout TaskList) { tasks.prepend(task, to: &list) }

  mutating func unlink(_ task: TaskHandle, from list: inout TaskList) { tasks.unlink(task, from: &list) }

  mutating func appendToClient(_ task: TaskHandle, _ list: inout TaskList) {
    list.append(task) { $1(&tasks[$0].clientLinks) }
  }

  mutating func unlinkFromClient(_ task: TaskHandle, _ list: inout TaskList) {
    list.unlink(tasks[task].clientLinks) { $1(&tasks[$0].clientLinks) }
  }

  /// The tasks in a list, in order.
  func handles(in list: TaskList) -> [TaskHandle] { tasks.handles(in: list) }

  /// The ids of the tasks in a list, in order.
  func ids(in list: TaskList) -> [String] { handles(in: list).map { tasks[$0].id } }
}

extension TaskTable: Sendable where Payload: Sendable {}
