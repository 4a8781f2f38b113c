import Foundation

/// The folder in which IPython and ipyparallel keep profiles.
public enum IPythonDirectory {
  /// The folder that `IPython.paths.get_ipython_dir` gives in the same environment: `$IPYTHONDIR`, else
  /// `$XDG_CONFIG_HOME/ipython` where only that exists, else `~/.ipython`.
  ///
  /// Where Python would fall back to a temporary folder because it can't write there, the path is given nevertheless:
  /// creating a profile then fails with the reason.
  public static func path(environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
    func absolute(_ path: String) -> String { UserPath.absolute(path, environment: environment) }
    if let given = environment["IPYTHONDIR"] { return absolute(given) }
    let home = UserPath.resolvingLinks(absolute("~"))
    let standard = absolute("\(home)/.ipython")
    var config = environment["XDG_CONFIG_HOME"] ?? ""
    if config.isEmpty { config = "\(home)/.config" }
    let older = "\(config)/ipython"
    let isOlderUsed =
      UserPath.isWritableFolder(config) && UserPath.isWritableFolder(older)
      && !FileManager.default.fileExists(atPath: standard) && !isLink(older)
    return isOlderUsed ? absolute(older) : standard
  }

  private static func isLink(_ path: String) -> Bool {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil
  }
}
