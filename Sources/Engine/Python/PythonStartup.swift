/// What Python runs before the first request, in the order of the properties, as IPython's applications do.
public struct PythonStartup: Sendable, Hashable {
  /// IPython extensions to load by name, `InteractiveShellApp.extensions`. Default: none.
  public var extensions: [String]
  /// The paths of the profile's start-up files. They may be meant for other programs of IPython, so they don't make
  /// Python start early. Default: none; the command finds those in `startup` in the profile's folder.
  public var profileFiles: [String]
  /// Lines of code, `InteractiveShellApp.exec_lines` and `IPEngine.startup_command`. Default: none.
  public var lines: [String]
  /// The paths of scripts, `InteractiveShellApp.exec_files` and `IPEngine.startup_script`. Default: none.
  public var files: [String]

  /// Creates a list of what to run. The properties describe the defaults.
  public init(extensions: [String] = [], profileFiles: [String] = [], lines: [String] = [], files: [String] = []) {
    self.extensions = extensions
    self.profileFiles = profileFiles
    self.lines = lines
    self.files = files
  }

  /// Whether somebody wants code to have run when the engine is ready.
  var isWanted: Bool { !extensions.isEmpty || !lines.isEmpty || !files.isEmpty }
}
