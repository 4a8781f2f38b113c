import ZeroMQ

/// Finds the top-level fields of a JSON object in one pass without building a tree.
///
/// Nested values are stepped over by their brackets; whoever reads one as text or number checks it then. Works for
/// any order of keys, any whitespace and escaped keys.
public enum JSONFields {
  /// Calls back for every field of an object.
  ///
  /// - Parameters:
  ///   - span: the UTF-8 text of one JSON object.
  ///   - visit: gets the key and where the value is.
  /// - Throws: ``WireError/Code/malformedJSON`` when the text is no object or its brackets and strings don't close.
  public static func scan(
    _ span: Span<UInt8>, _ visit: (_ key: String, _ value: Range<Int>) throws(WireError) -> Void
  ) throws(WireError) {
    var scanner = Scanner(span)
    try scanner.expect(0x7B)
    if scanner.skip(0x7D) { return try scanner.end() }
    while true {
      let key = try JSONText.string(span, at: scanner.string())
      try scanner.expect(0x3A)
      try visit(key, scanner.value())
      if scanner.skip(0x2C) { continue }
      try scanner.expect(0x7D)
      return try scanner.end()
    }
  }

  /// A cursor that steps over tokens.
  private struct Scanner: ~Escapable {
    let span: Span<UInt8>
    var position = 0

    @_lifetime(copy span)
    init(_ span: Span<UInt8>) { self.span = span }

    mutating func skipWhitespace() {
      while position < span.count {
        switch span[position] {
        case 0x20, 0x09, 0x0A, 0x0D: position += 1
        default: return
        }
      }
    }

    mutating func skip(_ byte: UInt8) -> Bool {
      skipWhitespace()
      guard position < span.count, span[position] == byte else { return false }
      position += 1
      return true
    }

    mutating func expect(_ byte: UInt8) throws(WireError) {
      guard skip(byte) else { throw malformed() }
    }

    mutating func end() throws(WireError) {
      skipWhitespace()
      guard position == span.count else { throw malformed() }
    }

    func malformed() -> WireError { WireError(.malformedJSON, "not a JSON object at byte \(position)") }

    /// Steps over a string and returns where it is, quotes included.
    mutating func string() throws(WireError) -> Range<Int> {
      skipWhitespace()
      let start = position
      guard position < span.count, span[position] == 0x22 else { throw malformed() }
      position += 1
      while position < span.count {
        switch span[position] {
        case 0x22:
          position += 1
          return start..<position
        case 0x5C: position += 2
        default: position += 1
        }
      }
      position = span.count
      throw malformed()
    }

    /// Steps over any value and returns where it is.
    mutating func value() throws(WireError) -> Range<Int> {
      skipWhitespace()
      guard position < span.count else { throw malformed() }
      switch span[position] {
      case 0x22: return try string()
      case 0x7B, 0x5B: return try bracketed()
      default:
        let start = position
        scalar: while position < span.count {
          switch span[position] {
          case 0x2C, 0x7D, 0x5D, 0x20, 0x09, 0x0A, 0x0D: break scalar
          default: position += 1
          }
        }
        guard position > start else { throw malformed() }
        return start..<position
      }
    }

    private mutating func bracketed() throws(WireError) -> Range<Int> {
      let start = position
      var depth = 0
      while position < span.count {
        switch span[position] {
        case 0x22: _ = try string()
        case 0x7B, 0x5B:
          depth += 1
          position += 1
        case 0x7D, 0x5D:
          depth -= 1
          position += 1
          if depth == 0 { return start..<position }
        default: position += 1
        }
      }
      throw malformed()
    }
  }
}

/// Reads the values that ``JSONFields`` found.
public enum JSONText {
  /// A JSON string.
  ///
  /// - Parameter range: where it is, quotes included.
  /// - Throws: ``WireError/Code/malformedJSON`` when it is no string.
  public static func string(_ span: Span<UInt8>, at range: Range<Int>) throws(WireError) -> String {
    guard range.count >= 2, span[range.lowerBound] == 0x22 else {
      throw WireError(.malformedJSON, "a string is expected at byte \(range.lowerBound)")
    }
    let inner = (range.lowerBound + 1)..<(range.upperBound - 1)
    for index in inner where span[index] == 0x5C {
      guard case .string(let text) = try json(span, at: range) else {
        throw WireError(.malformedJSON, "a string is expected at byte \(range.lowerBound)")
      }
      return text
    }
    return span.extracting(inner).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// A JSON string, or `nil` for null.
  public static func optionalString(_ span: Span<UInt8>, at range: Range<Int>) throws(WireError) -> String? {
    isNull(span, at: range) ? nil : try string(span, at: range)
  }

  /// Any JSON value.
  ///
  /// - Throws: ``WireError/Code/malformedJSON``.
  public static func json(_ span: Span<UInt8>, at range: Range<Int>) throws(WireError) -> JSONValue {
    do {
      return try JSONValue.parse(span.extracting(range))
    } catch {
      throw WireError(.malformedJSON, "\(error)")
    }
  }

  /// Whether the value is `null`.
  public static func isNull(_ span: Span<UInt8>, at range: Range<Int>) -> Bool {
    range.count == 4 && span[range.lowerBound] == 0x6E
  }

  /// Whether the value is `true`.
  public static func isTrue(_ span: Span<UInt8>, at range: Range<Int>) -> Bool {
    range.count == 4 && span[range.lowerBound] == 0x74
  }

  /// Whether the value is an empty array or object, or null.
  public static func isEmptyContainer(_ span: Span<UInt8>, at range: Range<Int>) -> Bool {
    range.count == 2 && (span[range.lowerBound] == 0x5B || span[range.lowerBound] == 0x7B) || isNull(span, at: range)
  }
}
