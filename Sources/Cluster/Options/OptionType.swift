import Foundation
import MartletWire

/// How the values of an option are read and written.
struct OptionType<Value> {
  /// What is expected, for errors: `a whole number from 0`.
  let expected: String
  /// The value, or `nil` if it isn't of this type.
  let parse: (OptionValue) -> Value?
  /// The value as it is written in a configuration file.
  let literal: (Value) -> JSONValue
}

extension OptionType<String> {
  /// A text; on the command line possibly in quotation marks.
  static var text: Self {
    OptionType(expected: "a string", parse: { $0.text }, literal: { .string($0) })
  }

  /// A text or a whole number, which is read as its digits.
  static var textOrNumber: Self {
    OptionType(
      expected: "a string or a whole number",
      parse: { value in
        if case .literal(.int(let number)) = value { return "\(number)" }
        return value.text
      }, literal: { .string($0) })
  }
}

extension OptionType<Bool> {
  /// `True` or `False`, on the command line also `1` or `0`.
  static var bool: Self {
    OptionType(
      expected: "True or False",
      parse: { value in
        switch value {
        case .literal(let value): value.boolValue
        case .text(let text): ["true": true, "1": true, "false": false, "0": false][text.lowercased()]
        }
      }, literal: { .bool($0) })
  }
}

extension OptionType<Bool> {
  /// When engines are started again: `on-failure` or `never`, or as a truth value.
  static var restarts: Self {
    OptionType(
      expected: "on-failure or never",
      parse: { value in
        if case .text(let text) = value, let answer = ["on-failure": true, "never": false][text] { return answer }
        if case .literal(.string(let text)) = value { return ["on-failure": true, "never": false][text] }
        return bool.parse(value)
      }, literal: { .bool($0) })
  }
}

extension OptionType where Value: RawRepresentable<String> & CaseIterable {
  /// One of several words.
  static func choice() -> Self {
    OptionType(
      expected: Value.allCases.map(\.rawValue).joined(separator: " or "),
      parse: { $0.text.flatMap { Value(rawValue: $0.lowercased()) } }, literal: { .string($0.rawValue) })
  }
}

extension OptionType<Int> {
  /// A whole number that is not negative.
  static var int: Self { int(in: 0...Int.max) }

  /// A whole number in a range.
  static func int(in range: ClosedRange<Int>) -> Self {
    OptionType(
      expected: range.upperBound == Int.max
        ? "a whole number from \(range.lowerBound)" : "a whole number in \(range)",
      parse: { value in
        let number =
          switch value {
          case .text(let text): Int(text.trimmingCharacters(in: .whitespaces))
          case .literal(let value): value.intValue
          }
        return number.flatMap { range.contains($0) ? $0 : nil }
      }, literal: { .int($0) })
  }
}

extension OptionType<Double> {
  /// A number in a range.
  static func number(in range: ClosedRange<Double>) -> Self {
    OptionType(
      expected: "a number from \(range.lowerBound.formatted()) to \(range.upperBound.formatted())",
      parse: { $0.number.flatMap { range.contains($0) ? $0 : nil } }, literal: { .double($0) })
  }
}

extension OptionType<Duration> {
  /// A time, given as a number of seconds.
  static var seconds: Self {
    OptionType(
      expected: "a number of seconds from 0",
      // Longer times than 100 years don't fit into the clock's arithmetic.
      parse: { $0.number.flatMap { (0...3_155_760_000).contains($0) ? .seconds($0) : nil } },
      literal: { .double($0 / .seconds(1)) })
  }

  /// A time from 1 ms to a day, given as a whole number of milliseconds.
  static var milliseconds: Self {
    let number = OptionType<Int>.int(in: 1...86_400_000)
    return OptionType(
      expected: "a whole number of milliseconds from 1 to 86400000",
      parse: { number.parse($0).map { .milliseconds($0) } },
      literal: { .int(Int($0 / .milliseconds(1))) })
  }
}

extension OptionType<[String]> {
  /// A list of texts; a text on the command line is a list of it alone.
  static var texts: Self {
    OptionType(
      expected: "a list of strings",
      parse: { value in
        if case .text(let text) = value, !text.hasPrefix("[") { return [text] }
        return value.array(of: \.stringValue)
      }, literal: { .array($0.map { .string($0) }) })
  }
}

extension OptionType<JSONValue> {
  /// A dictionary whose keys are strings.
  static var dictionary: Self {
    OptionType(
      expected: "a dictionary such as {'key': value}",
      parse: { value in
        let literal =
          switch value {
          case .text(let text): try? PythonLiteralParser.parse(text)
          case .literal(let value): value
          }
        return literal?.objectValue.map { .object($0) }
      }, literal: { $0 })
  }
}

extension OptionType<Resources> {
  /// Amounts by name: `gpu=2,memory=8GB`, or a dictionary of them.
  static var resources: Self {
    OptionType(
      expected: "names with amounts such as gpu=2,memory=8GB",
      parse: { value in
        switch value {
        case .text(let text) where text.hasPrefix("{"):
          (try? PythonLiteralParser.parse(text)).flatMap { Resources(literal: $0) }
        case .text(let text), .literal(.string(let text)): Resources(option: text)
        case .literal(let value): Resources(literal: value)
        }
      }, literal: { .object($0.amounts.mapValues { .double($0.value) }) })
  }
}

extension OptionType<ResourceAmount> {
  /// A number of bytes, perhaps with a unit.
  static var bytes: Self {
    OptionType(
      expected: "a number of bytes such as 8GB",
      parse: { value in
        value.text.flatMap { ResourceAmount(Substring($0)) } ?? value.number.map { ResourceAmount($0) }
      }, literal: { .double($0.value) })
  }
}

extension OptionType<[Int]> {
  /// Ports: a list, or ranges such as `10101-10105,10108`.
  static var ports: Self {
    OptionType(
      expected: "ports such as 10101-10120 or [10101, 10105]",
      parse: { value in
        let ports =
          switch value {
          case .text(let text) where text.hasPrefix("["): value.array(of: \.intValue)
          case .text(let text), .literal(.string(let text)): PortRange.parse(text)
          case .literal(.int(let port)): [port]
          case .literal: value.array(of: \.intValue)
          }
        return ports.flatMap { $0.allSatisfy((1...0xFFFF).contains) ? $0 : nil }
      }, literal: { .array($0.map { .int($0) }) })
  }
}

extension OptionValue {
  /// A text without quotation marks around it and with `~` expanded.
  fileprivate var text: String? {
    switch self {
    case .text(let text): Self.unquoted(text)
    case .literal(let value): value.stringValue
    }
  }

  fileprivate var number: Double? {
    switch self {
    case .text(let text): Double(text.trimmingCharacters(in: .whitespaces))
    case .literal(let value): value.doubleValue
    }
  }

  /// The elements of a list, or `nil` if one of them has another type.
  fileprivate func array<Element>(of element: (JSONValue) -> Element?) -> [Element]? {
    let values =
      switch self {
      case .text(let text): (try? PythonLiteralParser.parse(text))?.arrayValue
      case .literal(let value): value.arrayValue
      }
    guard let values else { return nil }
    let elements = values.compactMap(element)
    return elements.count == values.count ? elements : nil
  }

  /// A text of the command line without its quotation marks, or those of a bytes literal.
  private static func unquoted(_ text: String) -> String {
    for quote in ["'", "\""] {
      for opening in [quote, "b\(quote)"]
      where text.hasPrefix(opening) && text.hasSuffix(quote) && text.count > opening.count {
        return String(text.dropFirst(opening.count).dropLast())
      }
    }
    return UserPath.expandingTilde(text)
  }
}

/// The notation for ports that traitlets' `PortList` has.
enum PortRange {
  /// The ports of `10101-10105,10108`, or `nil` if the text is something else.
  static func parse(_ text: String) -> [Int]? {
    var ports: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false)
        .map { Int($0.trimmingCharacters(in: .whitespaces)) }
      guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1],
        1 <= first, first <= last, last <= 0xFFFF
      else { return nil }
      ports.append(contentsOf: first...last)
    }
    return ports
  }
}
