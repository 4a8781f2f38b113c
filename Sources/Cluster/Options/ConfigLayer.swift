import MartletWire

/// A value of an option before its type is known.
enum OptionValue: Sendable, Hashable {
  /// As it stands on the command line or in the environment.
  case text(String)
  /// A literal of a configuration file.
  case literal(JSONValue)
}

/// Options from one place: `values["TaskScheduler"]["hwm"]`.
struct ConfigLayer: Sendable, Hashable {
  /// Where they come from, for messages.
  let origin: String
  var values: [String: [String: OptionValue]] = [:]

  init(origin: String) { self.origin = origin }

  /// Sets `Class.trait`.
  mutating func set(_ path: String, _ value: OptionValue) {
    guard let dot = path.firstIndex(of: ".") else { return }
    values[String(path[..<dot]), default: [:]][String(path[path.index(after: dot)...])] = value
  }
}

/// Something in a configuration file that was not taken, to be shown as a warning.
public struct ConfigProblem: Sendable, Hashable, CustomStringConvertible {
  /// File, line where there is one, and what is wrong.
  public let description: String

  init(_ description: String) { self.description = description }
}
