import MartletWire

/// A group of a cluster's engines: how many there are to be, and how many there are.
public struct EngineGroupStatus: Sendable, Hashable {
  /// The group's name.
  public var name: String
  /// What starts its engines: `local`, `ssh`, `slurm` …
  public var launcher: String
  /// How many engines it is to have.
  public var wanted: Int
  /// How many were started and have neither ended nor been told to leave, registered or not.
  public var started: Int
  /// How many have been told to leave and have not ended.
  public var leaving: Int
  /// What is to be known about it: what jobs wait for, in the words of their scheduler, and how engines ended.
  public var notes: [String]
  /// The uuids of the engines that were started.
  var uuids: [String]

  /// How many of its engines are among those that are registered.
  package func registered(among registered: Set<String>) -> Int { uuids.count(where: registered.contains) }

  /// For other processes.
  package var json: JSONValue {
    [
      "name": .string(name), "launcher": .string(launcher), "wanted": .int(wanted), "started": .int(started),
      "leaving": .int(leaving), "notes": .array(notes.map { .string($0) }),
      "uuids": .array(uuids.map { .string($0) }),
    ]
  }

  init(
    name: String, launcher: String, wanted: Int, started: Int, leaving: Int = 0, notes: [String] = [],
    uuids: [String] = []
  ) {
    self.name = name
    self.launcher = launcher
    self.wanted = wanted
    self.started = started
    self.leaving = leaving
    self.notes = notes
    self.uuids = uuids
  }

  /// Reads what another process has said.
  ///
  /// - Throws: ``OptionError`` with what is missing.
  init(json: JSONValue) throws(OptionError) {
    guard let name = json["name"]?.stringValue, let wanted = json["wanted"]?.intValue,
      let started = json["started"]?.intValue
    else { throw OptionError("a group lacks 'name', 'wanted' or 'started'") }
    func texts(_ key: String) -> [String] { (json[key]?.arrayValue ?? []).compactMap(\.stringValue) }
    self.init(
      name: name, launcher: json["launcher"]?.stringValue ?? "", wanted: wanted, started: started,
      leaving: json["leaving"]?.intValue ?? 0, notes: texts("notes"), uuids: texts("uuids"))
  }
}
