import MartletEngine

/// The options about Python that `start`, `engines` and programs pass on to the roles; `nil` for those not given.
public struct PythonOptions: Sendable, Hashable {
  /// `--python`: the interpreter.
  public var interpreter: String?
  /// `--python-start`.
  public var start: PythonConfiguration.Start?
  /// False with `--no-python`.
  public var isAllowed: Bool?

  /// No options.
  public init() {}

  /// Reads the options of a cluster.
  init(_ reader: inout OptionReader, _ classes: [String]) throws(OptionError) {
    try reader.readNonEmpty(&interpreter, "python", of: classes)
    interpreter = interpreter.map(PythonConfiguration.absolute)
    try reader.read(&start, "python_start", of: classes, as: .choice())
    try reader.read(&isAllowed, "allow_python", of: classes, as: .bool)
  }

  /// The options in an engine's command line.
  public var engineArguments: [String] {
    arguments(of: "IPEngine") + (start.map { ["--python-start=\($0.rawValue)"] } ?? [])
  }

  /// The options in a controller's command line: Python runs Dask's scheduler there.
  public var controllerArguments: [String] { arguments(of: "IPController") }

  private func arguments(of role: String) -> [String] {
    var arguments: [String] = []
    if let interpreter { arguments.append("--python=\(interpreter)") }
    if let isAllowed { arguments.append(isAllowed ? "--\(role).allow_python=True" : "--no-python") }
    return arguments
  }
}
