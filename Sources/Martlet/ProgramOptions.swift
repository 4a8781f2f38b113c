import MartletCluster
import MartletEngine
import MartletWire

/// The options common to every ``ClusterProgram``, extracted from its command line.
struct ProgramOptions: Sendable, Hashable {
  /// The number of engines; `nil` means one per core.
  var engines: Int?
  /// The options that select a cluster to join, in the syntax of the roles; empty to start a cluster.
  private var selection: [String] = []
  private var file: String?
  /// The host to tunnel through to the cluster that is joined.
  private(set) var ssh: String?
  /// The Python of the cluster that the program starts.
  private(set) var python = PythonOptions()
  /// What each engine of that cluster offers.
  private(set) var resources = Resources()
  /// Whether engines that end unexpectedly are started again.
  private(set) var restartsEngines = false
  /// The remaining arguments, for the program itself.
  var arguments: [String] = []

  /// Parses a command line. Everything after `--` belongs to the program.
  ///
  /// - Throws: ``OptionError`` for an option without a usable value.
  init(_ commandLine: [String]) throws(OptionError) {
    var rest = commandLine[...]
    while let argument = rest.popFirst() {
      if argument == "--" {
        arguments += rest
        return
      }
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      switch argument {
      case "--no-python":
        python.isAllowed = false
        continue
      case "--restart-engines", "--restart-engines=on-failure":
        restartsEngines = true
        continue
      default: break
      }
      guard let name = parts.first, Self.names.contains(name) else {
        arguments.append(argument)
        continue
      }
      guard let value = parts.count > 1 ? parts[1] : rest.popFirst() else { throw OptionError("\(name) needs a value") }
      switch name {
      case "--engines":
        guard let count = Int(value), count > 0 else {
          throw OptionError("--engines should be a number from 1, not \(value)")
        }
        engines = count
      case "--connection-file": file = value
      case "--ssh": ssh = value
      case "--python": python.interpreter = value.contains("/") ? UserPath.absolute(value) : value
      case "--python-start":
        guard let start = PythonConfiguration.Start(rawValue: value) else {
          throw OptionError("--python-start should be lazy or eager, not \(value)")
        }
        python.start = start
      case "--resource":
        guard let amounts = Resources(option: value) else {
          throw OptionError("--resource should be a name with an amount such as gpu=2, not \(value)")
        }
        for (name, amount) in amounts.amounts { resources[name] = amount }
      default: selection.append("\(name)=\(value)")
      }
    }
  }

  /// The options in help.
  static let help = """
    CLUSTER OPTIONS:
      --engines <n>           How many engines; one per core by default.
      --python <path>, --python-start <eager|lazy>, --no-python
                              The Python that engines run Python code with.
      --resource <name>=<n>   What each engine offers to calls that require it; may be repeated.
      --restart-engines       Start engines again that end unexpectedly.
      --profile <name>, --profile-dir <folder>, --cluster-id <id>, --connection-file <file>
                              Join a running cluster.
      --ssh <user@login>      Join it through this host.
    """

  /// The options that have a value.
  private static let names = [
    "--engines", "--profile", "--profile-dir", "--cluster-id", "--connection-file", "--ssh", "--python",
    "--python-start", "--resource",
  ]

  /// The connection file of the cluster to join, or `nil` to start a cluster.
  ///
  /// - Throws: ``OptionError`` when the profile can't be determined.
  func connectionFile() throws(OptionError) -> ConnectionFile? {
    if let file { return ConnectionFile(path: UserPath.absolute(file)) }
    guard !selection.isEmpty else { return nil }
    let application = try ClusterOptions.read(selection).options.application
    return ConnectionFile(.client, profileDirectory: application.profile.path, clusterID: application.clusterID)
  }
}
