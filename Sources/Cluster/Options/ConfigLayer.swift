import MartletWire

/// A value of an option before its type is known.
enum OptionValue: Sendable, Hashable {
  /// As written on the command line or in the environment.
  case text(String)
  /// A literal of a configuration file.
  case literal(JSONValue)
}

/// Options from one source: `values["TaskScheduler"]["hwm"]`.
struct ConfigLayer: Sendable, Hashable {
  /// Where they come from, for messages.
  let origin: String
  /// Whether that is the path of a file.
  var isFile = false
  var values: [String: [String: OptionValue]] = [:]

  init(origin: String, isFile: Bool = false) {
    self.origin = origin
    self.isFile = isFile
  }

  /// The value of `Class.trait`.
  func value(of path: String) -> OptionValue? {
    guard let dot = path.firstIndex(of: ".") else { return nil }
    return values[String(path[..<dot])]?[String(path[path.index(after: dot)...])]
  }

  /// Sets `Class.trait`.
  mutating func set(_ path: String, _ value: OptionValue) {
    guard let dot = path.firstIndex(of: ".") else { return }
    values[String(path[..<dot]), default: [:]][String(path[path.index(after: dot)...])] = value
  }
}

/// A part of a configuration file that was ignored, to be shown as a warning.
public struct ConfigProblem: Sendable, Hashable, CustomStringConvertible {
  /// The file, the line if known, and what is wrong.
  public let description: String

  init(_ description: String) { self.description = description }
}
