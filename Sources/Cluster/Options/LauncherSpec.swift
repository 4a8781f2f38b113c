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
  /// Whether ipyparallel's launcher has one ssh start all engines of a host there.
  let isProxy: Bool
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
    isProxy = name == "sshproxy"
    if isProxy { name = "ssh" }
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

  /// The hosts of `SSHEngineSetLauncher.engines`, by name: `{'node1': 2, 'user@node2:2222': {'n': 4}, 'node3': (2, ['--debug'])}`.
  ///
  /// - Throws: ``OptionError`` that names the unusable host.
  static func hosts(_ engines: [String: JSONValue]) throws(OptionError) -> [SSHHost] {
    var hosts: [SSHHost] = []
    for (key, value) in engines.sorted(by: { $0.key < $1.key }) {
      var host = SSHHost(key)
      if let colon = key.lastIndex(of: ":"), !key.hasSuffix("]"), let port = Int(key[key.index(after: colon)...]) {
        host = SSHHost(String(key[..<colon]), port: port)
      }
      host.name = try checked(host.name[...])
      try describe(&host, as: value, key)
      hosts.append(host)
    }
    return hosts
  }

  /// Reads how many engines a host has, and their own options: a number, a pair of these, or a dictionary.
  private static func describe(_ host: inout SSHHost, as value: JSONValue, _ key: String) throws(OptionError) {
    let name = "SSHEngineSetLauncher.engines['\(key)']"
    var fields = value.objectValue ?? [:]
    if let count = value.intValue { fields["n"] = .int(count) }
    if let pair = value.arrayValue, pair.count == 2 { fields = ["n": pair[0], "engine_args": pair[1]] }
    func texts(_ value: JSONValue) -> [String]? {
      let texts = value.arrayValue?.compactMap(\.stringValue)
      return texts?.count == value.arrayValue?.count ? texts : nil
    }
    guard !fields.isEmpty || value.objectValue != nil else {
      throw OptionError("\(name) should be a number of engines, (number, [options]) or {'n': number}")
    }
    for (field, value) in fields.sorted(by: { $0.key < $1.key }) {
      switch field {
      case "n":
        if let count = value.intValue, count >= 0 {
          host.count = count
          continue
        }
      case "engine_args":
        if let own = texts(value) {
          host.arguments += own
          continue
        }
      case "remote_python":
        if let python = value.stringValue {
          host.arguments.append("--python=\(python)")
          continue
        }
      case "user":
        if let user = value.stringValue {
          host.name = "\(user)@\(host.name)"
          continue
        }
      case "environment":
        if let own = value.objectValue, own.values.allSatisfy({ $0.stringValue != nil }) {
          host.environment = own.compactMapValues(\.stringValue)
          continue
        }
      default:
        throw OptionError(
          "\(name): '\(field)' is not understood, only n, engine_args, environment, remote_python and user are")
      }
      throw OptionError(
        "\(name): '\(field)' can't be \(OptionValue.literal(value).plainText); n is a number of engines, engine_args a list"
      )
    }
  }

  /// A host's name as ssh takes it.
  private static func checked(_ name: Substring) throws(OptionError) -> String {
    let plain = name.filter { $0 != "[" && $0 != "]" }
    guard !plain.isEmpty, !plain.hasPrefix("-"), !plain.contains(where: \.isWhitespace) else {
      throw OptionError("--engines=ssh: '\(name)' is not a host's name")
    }
    return plain
  }
}
