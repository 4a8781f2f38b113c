/// Which Python an engine runs Python code with, and how.
///
/// An engine starts its Python, a child process of its own, when the first message needs it. An engine that never gets
/// such a message starts nothing.
public struct PythonConfiguration: Sendable, Hashable {
  /// When the engine starts its Python.
  public enum Start: String, Sendable, Hashable, CaseIterable {
    /// At the first message that needs it.
    case lazy
    /// When the engine has registered, so that the first message does not wait for it.
    case eager
  }

  /// The path of the interpreter, or its name on the `PATH`. Default: `nil`, which looks for one that has ipyparallel:
  /// the variable `MARTLET_PYTHON` if it is set, otherwise `$VIRTUAL_ENV/bin/python`, `$CONDA_PREFIX/bin/python` and
  /// `python3` on the `PATH`.
  public var interpreter: String?
  /// When the engine starts Python. Default: lazily, because a program that calls only Swift functions has no use for it.
  /// With code to run at the start it is eager.
  public var start: Start
  /// Whether clients may run Python code at all. Default: true. When false, pickles remain data, and an engine runs
  /// nothing but its registered Swift functions.
  public var isAllowed: Bool
  /// What Python runs before the first request. Default: nothing.
  public var startup: PythonStartup
  /// Options of IPython's `InteractiveShell` by name, as on a command line: `["colors": "nocolor"]`. Default: none.
  public var shellOptions: [String: String]
  /// How long interrupted code may go on before its process is killed, and a Swift function that was cancelled before its
  /// engine ends. Default: 5 s, enough for clean-up, and for extensions in C that look for signals now and then.
  public var interruptGrace: Duration

  /// Creates a configuration. The properties describe the defaults.
  public init(
    interpreter: String? = nil, start: Start = .lazy, isAllowed: Bool = true,
    startup: PythonStartup = PythonStartup(), shellOptions: [String: String] = [:],
    interruptGrace: Duration = .seconds(5)
  ) {
    self.interpreter = interpreter
    self.start = start
    self.isAllowed = isAllowed
    self.startup = startup
    self.shellOptions = shellOptions
    self.interruptGrace = interruptGrace
  }

  /// No Python code is run.
  public static let notAllowed = PythonConfiguration(isAllowed: false)

  /// Whether Python starts before a request needs it. Code for the start may set names that requests ask for.
  var startsEarly: Bool { start == .eager || startup.isWanted }
}
