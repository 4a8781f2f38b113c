import Foundation
import MartletWire
import MartletZeroMQ

/// Reads typed options from several layers and remembers what nobody asked for.
struct OptionReader {
  /// Highest priority first.
  let layers: [ConfigLayer]
  private var known: Set<String> = []

  init(layers: [ConfigLayer]) { self.layers = layers }

  private typealias Found = (value: OptionValue, path: String, origin: String)

  private mutating func find(_ trait: String, _ classes: [String]) -> Found? {
    known.formUnion(classes.map { "\($0).\(trait)" })
    for layer in layers {
      for name in classes {
        if let value = layer.values[name]?[trait] { return (value, "\(name).\(trait)", layer.origin) }
      }
    }
    return nil
  }

  private func wrong(_ found: Found, _ expected: String) -> OptionError {
    let given =
      switch found.value {
      case .text(let text): text
      case .literal(let value): String(decoding: value.bytes.array, as: UTF8.self)
      }
    return OptionError("\(found.path) in \(found.origin) should be \(expected), not \(given)")
  }

  /// Options that are understood but have no effect here.
  mutating func accept(_ traits: [String], _ classes: [String]) {
    for trait in traits { known.formUnion(classes.map { "\($0).\(trait)" }) }
  }

  /// A text; `None` counts as not given.
  ///
  /// - Parameter orNumber: whether a whole number will do too, and is given as its digits.
  mutating func string(
    _ trait: String, _ classes: [String], orNumber: Bool = false
  ) throws(OptionError) -> String? {
    guard let found = find(trait, classes) else { return nil }
    switch found.value {
    case .literal(.int(let number)) where orNumber: return "\(number)"
    case .text(let text): return Self.unquoted(text)
    case .literal(.string(let text)): return text
    case .literal(.null): return nil
    case .literal: throw wrong(found, "a string")
    }
  }

  /// A whole number; `None` counts as not given.
  mutating func int(
    _ trait: String, _ classes: [String], in range: ClosedRange<Int> = 0...Int.max
  ) throws(OptionError) -> Int? {
    guard let found = find(trait, classes) else { return nil }
    let expected =
      range.upperBound == Int.max ? "a whole number from \(range.lowerBound)" : "a whole number in \(range)"
    let number: Int?
    switch found.value {
    case .text(let text): number = Int(text.trimmingCharacters(in: .whitespaces))
    case .literal(.null): return nil
    case .literal(let value): number = value.intValue
    }
    guard let number, range.contains(number) else { throw wrong(found, expected) }
    return number
  }

  /// A number that is not negative.
  mutating func double(_ trait: String, _ classes: [String]) throws(OptionError) -> Double? {
    guard let found = find(trait, classes) else { return nil }
    let number: Double?
    switch found.value {
    case .text(let text): number = Double(text.trimmingCharacters(in: .whitespaces))
    case .literal(.null): return nil
    case .literal(let value): number = value.doubleValue
    }
    guard let number, number.isFinite, number >= 0 else { throw wrong(found, "a number from 0") }
    return number
  }

  /// `True` or `False`, `1` or `0`.
  mutating func bool(_ trait: String, _ classes: [String]) throws(OptionError) -> Bool? {
    guard let found = find(trait, classes) else { return nil }
    switch found.value {
    case .text(let text):
      switch text.lowercased() {
      case "true", "1": return true
      case "false", "0": return false
      default: throw wrong(found, "True or False")
      }
    case .literal(.bool(let value)): return value
    case .literal: throw wrong(found, "True or False")
    }
  }

  /// A list of texts; one text on the command line is a list of it alone.
  mutating func strings(_ trait: String, _ classes: [String]) throws(OptionError) -> [String]? {
    guard let found = find(trait, classes) else { return nil }
    let texts: [String]?
    switch found.value {
    case .text(let text) where text.hasPrefix("["):
      texts = (try? PythonLiteralParser.parse(text))?.arrayValue.flatMap(Self.texts)
    case .text(let text): return [text]
    case .literal(let value): texts = value.arrayValue.flatMap(Self.texts)
    }
    guard let texts else { throw wrong(found, "a list of strings") }
    return texts
  }

  /// Ports: a list, or ranges such as `10101-10105,10108`.
  mutating func ports(_ trait: String, _ classes: [String]) throws(OptionError) -> [Int]? {
    guard let found = find(trait, classes) else { return nil }
    let ports: [Int]?
    switch found.value {
    case .text(let text) where text.hasPrefix("["):
      ports = (try? PythonLiteralParser.parse(text))?.arrayValue.flatMap(Self.numbers)
    case .text(let text), .literal(.string(let text)): ports = PortRange.parse(text)
    case .literal(.int(let port)): ports = [port]
    case .literal(let value): ports = value.arrayValue.flatMap(Self.numbers)
    }
    guard let ports, ports.allSatisfy({ (1...0xFFFF).contains($0) }) else {
      throw wrong(found, "ports such as 10101-10120 or [10101, 10105]")
    }
    return ports
  }

  /// The options of all layers that were given but never read, in order.
  var unread: [String] {
    layers.flatMap { layer in
      layer.values.flatMap { name, traits in traits.keys.map { "\(name).\($0)" } }
        .filter { !known.contains($0) }.sorted().map { "\($0) in \(layer.origin)" }
    }
  }

  private static func texts(_ values: [JSONValue]) -> [String]? {
    let texts = values.compactMap(\.stringValue)
    return texts.count == values.count ? texts : nil
  }

  private static func numbers(_ values: [JSONValue]) -> [Int]? {
    let numbers = values.compactMap(\.intValue)
    return numbers.count == values.count ? numbers : nil
  }

  /// A text of the command line without quotation marks around it, or those of a bytes literal.
  private static func unquoted(_ text: String) -> String {
    for quote in ["'", "\""] {
      for opening in [quote, "b\(quote)"] where text.hasPrefix(opening) && text.hasSuffix(quote) {
        if text.count > opening.count { return String(text.dropFirst(opening.count).dropLast()) }
      }
    }
    return text.hasPrefix("~") ? (text as NSString).expandingTildeInPath : text
  }
}

/// The notation for ports that traitlets' `PortList` has.
enum PortRange {
  /// The ports of `10101-10105,10108`, or `nil` where it is none.
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
