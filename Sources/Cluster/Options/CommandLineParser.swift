/// A parsed command line in the syntax of traitlets.
struct ParsedCommandLine: Sendable, Hashable {
  /// The known options.
  var layer = ConfigLayer(origin: "the command line")
  /// Unknown options, as they were written.
  var unknown: [String] = []
  /// Arguments that aren't options.
  var positional: [String] = []
  /// The arguments after `--`.
  var passedThrough: [String] = []

  /// Sets an option, which adds to what it has if it is repeatable.
  fileprivate mutating func set(_ path: String, _ value: String) {
    if CommandLineSyntax.repeatable.contains(path), case .text(let former)? = layer.value(of: path) {
      layer.set(path, .text("\(former),\(value)"))
    } else {
      layer.set(path, .text(value))
    }
  }
}

extension CommandLineSyntax {
  /// Parses a command line: `--alias=value`, `--alias value`, `--flag`, `--Class.trait=value`, `-n 4`.
  ///
  /// - Throws: ``OptionError`` for an option without its value; unknown options are only recorded.
  func parse(_ arguments: [String]) throws(OptionError) -> ParsedCommandLine {
    var parsed = ParsedCommandLine()
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if argument == "--" {
        parsed.passedThrough = Array(rest)
        break
      }
      guard let (name, attached) = Self.split(argument) else {
        parsed.positional.append(argument)
        continue
      }
      try take(argument, name: name, attached: attached, rest: &rest, into: &parsed)
    }
    return parsed
  }

  /// The name of an option and its value after `=`; `nil` for anything else, including a negative number.
  private static func split(_ argument: String) -> (name: String, value: String?)? {
    let dashes = argument.prefix { $0 == "-" }.count
    guard dashes > 0, dashes <= 2, argument.count > dashes, Double(argument) == nil else { return nil }
    let body = argument.dropFirst(dashes)
    let parts = body.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let name = parts[0]
    // A single dash introduces one letter, which its value may follow directly.
    if dashes == 1, name.count > 1, !name.contains(".") {
      return (String(name.prefix(1)), String(body.dropFirst()))
    }
    return (name, parts.count > 1 ? parts[1] : nil)
  }

  private func take(
    _ argument: String, name: String, attached: String?, rest: inout ArraySlice<String>,
    into parsed: inout ParsedCommandLine
  ) throws(OptionError) {
    if attached == nil, let settings = flags[name] {
      for (path, value) in settings { parsed.layer.set(path, .text(value)) }
      return
    }
    guard let path = aliases[name] ?? flagPath(name) ?? (name.contains(".") ? name : nil) else {
      parsed.unknown.append(argument)
      return
    }
    if let value = attached {
      parsed.set(path, value)
    } else if let next = rest.first, Self.split(next) == nil, next != "--" {
      parsed.set(path, next)
      rest.removeFirst()
    } else if name.contains(".") {
      parsed.layer.set(path, .text("True"))
    } else {
      throw OptionError("\(argument) needs a value: \(argument)=VALUE")
    }
  }

  /// The option behind a flag that sets a single one, which may be given a value: `--reuse=False`.
  private func flagPath(_ name: String) -> String? {
    guard let settings = flags[name], settings.count == 1 else { return nil }
    return settings.keys.first
  }
}
