import MartletWire

/// One particular process, identified by its id, its start time and its host. A later process with the same id differs.
package struct ProcessReference: Sendable, Hashable {
  /// Its id in its own namespace.
  package var pid: Int
  /// Clock ticks from boot to its start, if the system tells.
  package var startTime: String?
  /// Where it runs.
  package var host: HostIdentity

  /// A process that currently runs on this host.
  package init(pid: Int) {
    self.pid = pid
    startTime = pid == ProcessIdentity.pid ? ProcessTable.ownStartTime : ProcessTable.startTime(of: pid)
    host = .current
  }

  /// This process.
  package static var current: ProcessReference { ProcessReference(pid: ProcessIdentity.pid) }

  /// Whether it exists and can be looked up and signalled from here.
  var isReachable: Bool {
    host.sharesProcessIDs(with: .current) && ProcessTable.isAlive(pid, startTime: startTime)
  }

  /// The members that describe it in a file.
  var fields: [String: JSONValue] {
    func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
    return [
      "pid": .int(pid), "start_time": text(startTime), "host": .string(host.name), "machine_id": text(host.machineID),
      "boot_id": text(host.bootID), "pid_namespace": text(host.pidNamespace),
    ]
  }

  /// Reads a process from the members in ``fields``.
  ///
  /// - Throws: ``OptionError`` with the member that is missing or has the wrong type.
  init(json: JSONValue) throws(OptionError) {
    func text(_ key: String) throws(OptionError) -> String? {
      guard let value = json[key], !value.isNull else { return nil }
      guard let text = value.stringValue else { throw OptionError("'\(key)' is not text") }
      return text
    }
    guard let pid = json["pid"]?.intValue, pid > 0 else { throw OptionError("'pid' is missing or no process id") }
    guard let name = try text("host") else { throw OptionError("'host' is missing") }
    self.pid = pid
    startTime = try text("start_time")
    host = HostIdentity(
      name: name, machineID: try text("machine_id"), bootID: try text("boot_id"),
      pidNamespace: try text("pid_namespace"))
  }
}
