/// A signal for engines, by its name in Python's module `signal`, which means the same on every system.
public struct EngineSignal: Sendable, Hashable, CustomStringConvertible {
  /// Interrupts the Python code that runs.
  public static let interrupt = EngineSignal("SIGINT")
  /// Asks the engine to leave.
  public static let terminate = EngineSignal("SIGTERM")
  /// Ends the engine at once.
  public static let kill = EngineSignal("SIGKILL")

  /// The name, for example `SIGINT`.
  public let name: String

  /// A signal by its name.
  public init(_ name: String) { self.name = name }

  /// The ``name``.
  public var description: String { name }
}
