/// The edges from tasks in flight to the tasks that depend on them.
///
/// An edge is in two lists: that of the task depended upon, which it leaves when that task ends, and that of the
/// dependent, which it leaves when the dependent ends.
struct DependencyGraph {
  /// The condition of the dependent that an edge belongs to.
  enum Kind {
    case after
    case follow
  }

  private struct Edge {
    /// The task depended upon; `nil` once it has ended.
    @Packed var dependency: TaskHandle?
    let dependent: TaskHandle
    let kind: Kind
    /// Neighbours among the edges of the dependency.
    @Packed var previous: EdgeHandle? = nil
    @Packed var next: EdgeHandle? = nil
    /// The next edge of the dependent.
    @Packed var nextOfDependent: EdgeHandle? = nil
  }

  private var edges = Slab<EdgeTag, Edge>(
    vacant: Edge(dependency: nil, dependent: TaskHandle(index: 0), kind: .after))

  /// The number of edges.
  var count: Int { edges.count }

  /// The number of edges that memory is allocated for.
  var capacity: Int { edges.capacity }

  /// Adds an edge from a task in flight to one with constraints that depends on it.
  mutating func link<Payload>(
    _ dependent: TaskHandle, to dependency: TaskHandle, _ kind: Kind, _ tasks: inout TaskTable<Payload>
  ) {
    guard let constraints = tasks[dependent].constraints else { return }
    let last = tasks[dependency].lastDependent
    let edge = edges.insert(
      Edge(
        dependency: dependency, dependent: dependent, kind: kind, previous: last,
        nextOfDependent: tasks[constraints].firstEdge))
    tasks[constraints].firstEdge = edge
    if let last { edges[last].next = edge } else { tasks[dependency].firstDependent = edge }
    tasks[dependency].lastDependent = edge
  }

  /// The tasks in flight that a task depends on, in the order in which they were named.
  func open<Payload>(of dependent: TaskHandle, _ tasks: TaskTable<Payload>) -> [TaskHandle] {
    var open: [TaskHandle] = []
    var next = tasks[dependent].constraints.flatMap { tasks[$0].firstEdge }
    while let edge = next {
      if let dependency = edges[edge].dependency, !open.contains(dependency) { open.append(dependency) }
      next = edges[edge].nextOfDependent
    }
    return open.reversed()
  }

  /// Removes all edges to a task: it need not be told of the ends of others any more.
  mutating func unlink<Payload>(_ dependent: TaskHandle, _ tasks: inout TaskTable<Payload>) {
    guard let constraints = tasks[dependent].constraints else { return }
    var next = tasks[constraints].firstEdge
    tasks[constraints].firstEdge = nil
    while let edge = next {
      next = edges[edge].nextOfDependent
      detach(edge, &tasks)
      edges.remove(edge)
    }
  }

  /// Removes the first edge from a task that has ended, and returns the task at its other end.
  mutating func popDependent<Payload>(
    of task: TaskHandle, _ tasks: inout TaskTable<Payload>
  ) -> (dependent: TaskHandle, kind: Kind)? {
    guard let edge = tasks[task].firstDependent else { return nil }
    detach(edge, &tasks)
    return (edges[edge].dependent, edges[edge].kind)
  }

  /// Takes an edge out of the list of its dependency.
  private mutating func detach<Payload>(_ edge: EdgeHandle, _ tasks: inout TaskTable<Payload>) {
    guard let dependency = edges[edge].dependency else { return }
    let (previous, next) = (edges[edge].previous, edges[edge].next)
    if let previous { edges[previous].next = next } else { tasks[dependency].firstDependent = next }
    if let next { edges[next].previous = previous } else { tasks[dependency].lastDependent = previous }
    edges[edge].dependency = nil
  }

  /// What is wrong with the graph.
  func problems<Payload>(_ tasks: TaskTable<Payload>) -> [String] {
    var problems: [String] = []
    var (ofDependencies, attached, ofDependents) = (0, 0, 0)
    edges.visit { _, edge in if edge.dependency != nil { attached += 1 } }
    tasks.visit { task, record in
      var (next, last) = (record.firstDependent, EdgeHandle?.none)
      while let edge = next {
        ofDependencies += 1
        if edges[edge].dependency != task || edges[edge].previous != last {
          problems.append("an edge in the list of \(record.id) is not its own")
        }
        (next, last) = (edges[edge].next, edge)
      }
      if record.lastDependent != last { problems.append("\(record.id): the last edge is not the end of the list") }
      next = record.constraints.flatMap { tasks[$0].firstEdge }
      while let edge = next {
        ofDependents += 1
        if edges[edge].dependent != task { problems.append("\(record.id) has the edge of another dependent") }
        next = edges[edge].nextOfDependent
      }
    }
    if ofDependencies != attached {
      problems.append("\(ofDependencies) edges in lists of dependencies, not \(attached)")
    }
    if ofDependents != count { problems.append("\(ofDependents) edges in lists of dependents, not \(count)") }
    return problems
  }
}
