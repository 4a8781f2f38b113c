/// The groups of a cluster's engines by name: how many engines each is to have, and which engine sets belong to it.
struct GroupTable: Sendable, Hashable {
  /// A group.
  struct Group: Sendable, Hashable {
    /// How its engines are started.
    var template: EngineGroup
    /// How many engines it is to have.
    var wanted: Int
    /// Its engine sets, the oldest first.
    var sets: [String] = []
    /// Decides how many engines there are; `nil` if people do.
    var autoscaler: Autoscaler?
    /// How long its engines live; `nil` until the autoscaler asks.
    var lifetime: EngineLifetime?
    /// Why its engines could not be started with the cluster, until they are.
    var problem: String?
    /// Whether a change that the autoscaler wants is under way.
    var isChanging = false
    /// The changes that are under way.
    var changes: Task<Void, Never>?
  }

  /// In the order in which they were added.
  private(set) var names: [String] = []
  private var groups: [String: Group] = [:]

  subscript(name: String) -> Group? {
    get { groups[name] }
    set { if let newValue, groups[name] != nil { groups[name] = newValue } }
  }

  /// How many engines all groups are to have.
  var wanted: Int { groups.values.reduce(0) { $0 + $1.wanted } }

  /// How many engines are missing because their groups could not be started with the cluster.
  var missing: Int { groups.values.reduce(0) { $0 + ($1.problem == nil ? 0 : $1.template.engineCount) } }

  /// The groups that grow and shrink by themselves.
  var autoscaled: [String] { names.filter { groups[$0]?.autoscaler != nil } }

  /// Adds a group.
  ///
  /// - Returns: its name: its own, or its launcher's, with a number behind it if there is one of that name.
  mutating func add(_ group: EngineGroup) -> String {
    let plain = group.name ?? group.launcher.name
    var (name, number) = (plain, 1)
    while groups[name] != nil {
      number += 1
      name = "\(plain)-\(number)"
    }
    names.append(name)
    groups[name] = Group(
      template: group, wanted: group.engineCount,
      autoscaler: group.scaling.map { Autoscaler($0, limit: group.engineLimit) })
    return name
  }

  /// The group of a set.
  func name(ofSet set: String) -> String? { names.first { groups[$0]?.sets.contains(set) ?? false } }

  /// The group that is meant.
  ///
  /// - Parameter name: `nil` for the only one.
  /// - Throws: ``ClusterError`` that lists the groups if it is not clear.
  func resolve(_ name: String?) throws(ClusterError) -> String {
    let known = names.joined(separator: ", ")
    guard let name else {
      guard names.count == 1 else { throw ClusterError("which group of engines? Add --group, one of: \(known)") }
      return names[0]
    }
    guard groups[name] != nil else { throw ClusterError("there is no group '\(name)' of engines, only: \(known)") }
    return name
  }
}
