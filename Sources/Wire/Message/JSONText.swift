import MartletZeroMQ

/// Reads the values that ``JSONFields`` found.
public enum JSONText {
  /// A JSON string.
  ///
  /// - Parameter range: the string's range, quotation marks included.
  /// - Throws: ``WireError/Code/malformedJSON`` when it is not a string.
  public static func string(_ span: Span<UInt8>, at range: Range<Int>) throws(WireError) -> String {
    guard range.count >= 2, span.holds(range), span[range.lowerBound] == 0x22 else { throw notAString(range) }
    let inner = (range.lowerBound + 1)..<(range.upperBound - 1)
    // Without a backslash before the closing quotation mark there is nothing to unescape.
    if span.firstIndex(of: 0x5C, or: 0x22, from: inner.lowerBound) == inner.upperBound {
      return decode(span.extracting(inner))
    }
    guard case .string(let text) = try json(span, at: range) else { throw notAString(range) }
    return text
  }

  private static func notAString(_ range: Range<Int>) -> WireError {
    WireError(.malformedJSON, "a string is expected at byte \(range.lowerBound)")
  }

  /// UTF-8 as text; invalid sequences become U+FFFD.
  static func decode(_ utf8: Span<UInt8>) -> String {
    utf8.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// A JSON string, or `nil` for null.
  public static func optionalString(_ span: Span<UInt8>, at range: Range<Int>) throws(WireError) -> String? {
    isNull(span, at: range) ? nil : try string(span, at: range)
  }

  /// An ISO 8601 date in a string; `nil` for null and for a string that isn't one.
  ///
  /// - Throws: ``WireError/Code/malformedJSON`` when the value is neither string nor null.
  public static func optionalDate(_ span: Span<UInt8>, at range: Range<Int>) throws(WireError) -> Timestamp? {
    if isNull(span, at: range) { return nil }
    guard range.count >= 2, span.holds(range), span[range.lowerBound] == 0x22 else { throw notAString(range) }
    if let date = Timestamp(span.extracting((range.lowerBound + 1)..<(range.upperBound - 1))) { return date }
    // The string has escapes or isn't a date.
    return Timestamp(try string(span, at: range))
  }

  /// Any JSON value.
  ///
  /// - Throws: ``WireError/Code/malformedJSON``.
  public static func json(_ span: Span<UInt8>, at range: Range<Int>) throws(WireError) -> JSONValue {
    guard span.holds(range) else { throw WireError(.malformedJSON, "the text ends before byte \(range.upperBound)") }
    do {
      return try JSONValue.parse(span.extracting(range))
    } catch {
      throw WireError(.malformedJSON, "\(error)")
    }
  }

  /// A JSON array of strings of printable ASCII characters without escapes, such as ids.
  ///
  /// - Throws: ``WireError/Code/malformedJSON`` for anything else, which may be valid JSON.
  package static func plainStrings(_ span: Span<UInt8>, at range: Range<Int>) throws(WireError) -> [String] {
    guard span.holds(range) else { throw WireError(.malformedJSON, "the text ends before byte \(range.upperBound)") }
    let text = span.extracting(range)
    var scanner = JSONScanner(text)
    try scanner.expect(0x5B)
    var strings: [String] = []
    if !scanner.skip(0x5D) {
      repeat {
        let element = try scanner.string()
        for index in element where !(0x20..<0x7F).contains(text[index]) || text[index] == 0x5C {
          throw WireError(.malformedJSON, "a plain string is expected at byte \(range.lowerBound + index)")
        }
        strings.append(decode(text.extracting(element.lowerBound + 1..<element.upperBound - 1)))
      } while scanner.skip(0x2C)
      try scanner.expect(0x5D)
    }
    try scanner.end()
    return strings
  }

  /// Whether the value is `null`.
  public static func isNull(_ span: Span<UInt8>, at range: Range<Int>) -> Bool {
    range.count == 4 && span.holds(range) && span[range.lowerBound] == 0x6E
  }

  /// Whether the value is `true`.
  public static func isTrue(_ span: Span<UInt8>, at range: Range<Int>) -> Bool {
    range.count == 4 && span.holds(range) && span[range.lowerBound] == 0x74
  }

  /// Whether the value is an empty array or object, or null.
  public static func isEmptyContainer(_ span: Span<UInt8>, at range: Range<Int>) -> Bool {
    range.count == 2 && span.holds(range) && (span[range.lowerBound] == 0x5B || span[range.lowerBound] == 0x7B)
      || isNull(span, at: range)
  }
}

extension Span<UInt8> {
  /// Whether a range lies within these bytes.
  fileprivate func holds(_ range: Range<Int>) -> Bool { range.lowerBound >= 0 && range.upperBound <= count }
}
