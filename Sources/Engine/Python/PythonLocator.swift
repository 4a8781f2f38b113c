import MartletZeroMQ

/// Lists the interpreters to try, in order. Which of them can be used shows when their worker starts.
struct PythonLocator: Sendable {
  /// A variable of the environment.
  let variable: @Sendable (String) -> String?
  /// Whether a path is that of a program.
  let isExecutable: @Sendable (String) -> Bool

  /// Looks in this process's environment and file system.
  static let system = PythonLocator(
    variable: { ProcessEnvironment.variable($0) }, isExecutable: { ProcessEnvironment.isExecutable($0) })

  /// The variable that names an interpreter if the configuration doesn't.
  static let interpreterVariable = "MARTLET_PYTHON"

  /// The interpreters for a configuration: the one that is named, or else those of the active environments and of the
  /// `PATH`.
  func candidates(_ configuration: PythonConfiguration) -> [PythonCandidate] {
    if let named = configuration.interpreter { return [candidate(named, "--python=\(named)")] }
    if let named = variable(Self.interpreterVariable), !named.isEmpty {
      return [candidate(named, "\(Self.interpreterVariable)=\(named)")]
    }
    var found: [PythonCandidate] = []
    for name in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
      guard let folder = variable(name), !folder.isEmpty else { continue }
      found.append(candidate("\(folder)/bin/python", "$\(name)/bin/python"))
    }
    let onPath = candidate("python3", "python3 on the PATH")
    if onPath.path == nil || !found.contains(where: { $0.path == onPath.path }) { found.append(onPath) }
    return found
  }

  /// A program with a name as a shell understands it: a path if it contains a slash.
  private func candidate(_ name: String, _ origin: String) -> PythonCandidate {
    if name.contains("/") { return PythonCandidate(path: isExecutable(name) ? name : nil, origin: origin) }
    // An empty entry stands for the working directory.
    let folders = (variable("PATH") ?? "").split(separator: ":", omittingEmptySubsequences: false)
    let paths = folders.lazy.map { $0.isEmpty ? "./\(name)" : "\($0)/\(name)" }
    return PythonCandidate(path: paths.first(where: isExecutable), origin: origin)
  }
}
