/// The edges from tasks to the tasks that depend on them, in a pool with O(1) removal.
struct DependencyGraph {
  /// Which condition of the dependent an edge belongs to.
  enum Kind {
    case after
    case follow
  }

  struct Edge {
    /// The task depended upon; -1 once its end has been told.
    var dependency: Int32
    var dependent: Int32
    var kind: Kind
    /// Neighbours among the edges of the dependency.
    var previous: Int32 = -1
    var next: Int32 = -1
    /// The next edge of the dependent.
    var nextOfDependent: Int32
  }

  private var edges: [Edge] = []
  private var free: [Int32] = []

  var count: Int { edges.count - free.count }

  subscript(edge: Int32) -> Edge {
    _read { yield edges[Int(edge)] }
    _modify { yield &edges[Int(edge)] }
  }

  mutating func insert(_ edge: Edge) -> Int32 {
    if let slot = free.popLast() {
      edges[Int(slot)] = edge
      return slot
    }
    edges.append(edge)
    return Int32(edges.count - 1)
  }

  mutating func remove(_ edge: Int32) {
    free.append(edge)
  }
}
