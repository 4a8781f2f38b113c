import MartletWire

/// The value of `--engines`: a launcher's name as ipyparallel has it (`ssh`, `SSHEngineSetLauncher`, with or without its
/// module), and after a colon the hosts of `ssh` or the number of engines.
struct LauncherSpec: Sendable, Hashable {
  enum Kind: String, Sendable, Hashable, CaseIterable {
    case local, ssh, mpi, slurm, pbs, sge, lsf, htcondor, docker

    /// The batch scheduler; `nil` for what is none.
    var batchSystem: BatchSystem? { BatchSystem(rawValue: rawValue) }
  }

  let kind: Kind
  /// What follows the name.
  private let rest: Substring?

  /// - Parameter option: what names the launcher, for errors.
  /// - Throws: ``OptionError`` for another launcher.
  init(_ text: String, option: String = "--engines") throws(OptionError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    rest = parts.count > 1 ? parts[1] : nil
    var name = (parts[0].split(separator: ".").last ?? "").lowercased()
    for ending in ["launcher", "engineset", "engine", "controller"] where name.hasSuffix(ending) {
      name.removeLast(ending.count)
    }
    // ipyparallel's older name.
    if name == "mpiexec" { name = "mpi" }
    if name == "condor" { name = "htcondor" }
    guard let kind = Kind(rawValue: name) else {
      let known = Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw OptionError("\(option): there is no launcher '\(parts[0])', launchers are \(known)")
    }
    self.kind = kind
  }

  /// The number of engines; `nil` if it isn't given.
  ///
  /// - Throws: ``OptionError`` for anything else.
  func number() throws(OptionError) -> Int? {
    guard let rest else { return nil }
    guard let number = Int(rest), number > 0 else {
      throw OptionError("--engines=\(kind.rawValue):\(rest): after the colon comes a number of engines from 1")
    }
    return number
  }

  /// The hosts `node1:2,user@node2`; none if none are given.
  ///
  /// - Throws: ``OptionError`` for a host without a name or with an unusable number.
  func hosts() throws(OptionError) -> [SSHHost] {
    guard let rest else { return [] }
    var hosts: [SSHHost] = []
    for part in rest.split(separator: ",", omittingEmptySubsequences: false) {
      var name = part
      var count = 1
      // An address of IPv6 has colons itself: [fe80::1]:2.
      if let colon = part.lastIndex(of: ":"), !part.hasSuffix("]") {
        guard let number = Int(part[part.index(after: colon)...]), number > 0 else {
          throw OptionError("--engines=ssh:…\(part): after a host's colon comes a number of engines from 1")
        }
        (name, count) = (part[..<colon], number)
      }
      hosts.append(SSHHost(try Self.checked(name), count: count))
    }
    return hosts
  }

  /// The hosts of `SSHEngineSetLauncher.engines`, by name: `{'node1': 2, 'user@node2:2222': {'n': 4}}`.
  ///
  /// - Throws: ``OptionError`` that names the unusable host.
  static func hosts(_ engines: [String: JSONValue]) throws(OptionError) -> [SSHHost] {
    var hosts: [SSHHost] = []
    for (key, value) in engines.sorted(by: { $0.key < $1.key }) {
      if let other = value.objectValue?.keys.first(where: { $0 != "n" }) {
        throw OptionError("SSHEngineSetLauncher.engines['\(key)']: '\(other)' is not understood, only 'n' is")
      }
      guard let count = value.intValue ?? (value.objectValue.map { $0["n"]?.intValue ?? 1 }), count >= 0 else {
        throw OptionError("SSHEngineSetLauncher.engines['\(key)'] should be a number of engines or {'n': number}")
      }
      var host = SSHHost(key, count: count)
      if let colon = key.lastIndex(of: ":"), !key.hasSuffix("]"), let port = Int(key[key.index(after: colon)...]) {
        host = SSHHost(String(key[..<colon]), count: count, port: port)
      }
      host.name = try checked(host.name[...])
      hosts.append(host)
    }
    return hosts
  }

  /// A host's name as ssh takes it.
  private static func checked(_ name: Substring) throws(OptionError) -> String {
    let plain = name.filter { $0 != "[" && $0 != "]" }
    guard !plain.isEmpty, !plain.hasPrefix("-"), !plain.contains(where: \.isWhitespace) else {
      throw OptionError("--engines=ssh: '\(name)' is no host's name")
    }
    return plain
  }
}
