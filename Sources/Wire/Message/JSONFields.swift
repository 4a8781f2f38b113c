import MartletZeroMQ

/// Finds the top-level fields of a JSON object in one pass without building a tree.
///
/// Nested values are skipped by their brackets and checked only when they are read as a string or number. Keys may come in
/// any order, with any white space and with escapes.
public enum JSONFields {
  /// Calls back for every field of an object, without making a string of its key.
  ///
  /// - Parameters:
  ///   - span: the UTF-8 text of one JSON object.
  ///   - visit: receives the key, to be compared with string literals, and the range of the value.
  /// - Throws: ``WireError/Code/malformedJSON`` when the text is not an object or its brackets and strings don't close.
  public static func scan(
    _ span: Span<UInt8>, _ visit: (_ key: JSONKey, _ value: Range<Int>) throws(WireError) -> Void
  ) throws(WireError) {
    var scanner = JSONScanner(span)
    try scanner.expect(0x7B)
    if scanner.skip(0x7D) { return try scanner.end() }
    while true {
      let key = try scanner.string()
      if scanner.hasEscapes {
        let unescaped = Array(try JSONText.string(span, at: key).utf8)
        try scanner.expect(0x3A)
        try visit(JSONKey(unescaped.span), scanner.value())
      } else {
        try scanner.expect(0x3A)
        try visit(JSONKey(span.extracting((key.lowerBound + 1)..<(key.upperBound - 1))), scanner.value())
      }
      if scanner.skip(0x2C) { continue }
      try scanner.expect(0x7D)
      return try scanner.end()
    }
  }
}

extension JSONFields {
  /// The text of an object with one more field, which comes first.
  ///
  /// - Parameters:
  ///   - field: the key and the value, as JSON text.
  ///   - object: the text of an object; anything else counts as an empty one.
  package static func adding(_ field: String, to object: [UInt8]) -> [UInt8] { adding(field.utf8, to: object) }

  /// The text of an object with one more field, which comes first.
  ///
  /// - Parameters:
  ///   - field: the key and the value, as JSON text in UTF-8.
  ///   - object: the text of an object; anything else counts as an empty one.
  package static func adding(_ field: some Collection<UInt8>, to object: [UInt8]) -> [UInt8] {
    let rest = object.firstIndex(of: 0x7B).map { object[($0 + 1)...] } ?? [0x7D]
    var text: [UInt8] = []
    text.reserveCapacity(field.count + rest.count + 2)
    text.append(0x7B)
    text.append(contentsOf: field)
    if rest.contains(0x3A) { text.append(0x2C) }
    text.append(contentsOf: rest)
    return text
  }
}

/// A key of an object in ``JSONFields``, whose bytes are compared in place.
///
/// ```swift
/// switch key {
/// case "msg_id": …
/// default: break
/// }
/// ```
public struct JSONKey: ~Escapable {
  /// The key without quotation marks and with its escapes resolved.
  private let utf8: Span<UInt8>

  @_lifetime(copy utf8)
  init(_ utf8: Span<UInt8>) { self.utf8 = utf8 }

  /// The key as text; invalid UTF-8 becomes U+FFFD.
  public var string: String { JSONText.decode(utf8) }

  /// Whether a key has this name.
  public static func == (key: JSONKey, name: StaticString) -> Bool { key.utf8.equals(name) }

  /// Whether a key has the name of a `case`.
  public static func ~= (name: StaticString, key: JSONKey) -> Bool { key.utf8.equals(name) }
}
