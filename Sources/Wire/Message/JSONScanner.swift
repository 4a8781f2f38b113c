import MartletZeroMQ

/// A cursor that steps over the tokens of a JSON text.
struct JSONScanner: ~Escapable {
  private let span: Span<UInt8>
  private var position = 0
  /// Whether the last string contains a backslash.
  private(set) var hasEscapes = false

  @_lifetime(copy span)
  init(_ span: Span<UInt8>) { self.span = span }

  /// Steps over white space and returns the byte after it; `nil` at the end.
  @inline(__always)
  private mutating func next() -> UInt8? {
    while position < span.count {
      let byte = span[position]
      guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
      position += 1
    }
    return nil
  }

  /// Steps over a byte if it is the next.
  @inline(__always)
  mutating func skip(_ byte: UInt8) -> Bool {
    guard next() == byte else { return false }
    position += 1
    return true
  }

  @inline(__always)
  mutating func expect(_ byte: UInt8) throws(WireError) {
    guard skip(byte) else { throw malformed() }
  }

  /// Steps over white space, which must reach to the end of the text.
  mutating func end() throws(WireError) {
    guard next() == nil else { throw malformed() }
  }

  private func malformed() -> WireError { WireError(.malformedJSON, "not a JSON object at byte \(position)") }

  /// Steps over a string and returns its range, quotation marks included.
  mutating func string() throws(WireError) -> Range<Int> {
    guard next() == 0x22 else { throw malformed() }
    let start = position
    position += 1
    hasEscapes = false
    while true {
      position = span.firstIndex(of: 0x22, or: 0x5C, from: position)
      guard position < span.count else { break }
      if span[position] == 0x22 {
        position += 1
        return start..<position
      }
      hasEscapes = true
      position += 2
    }
    position = span.count
    throw malformed()
  }

  /// Steps over any value and returns its range.
  mutating func value() throws(WireError) -> Range<Int> {
    switch next() {
    case nil: throw malformed()
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
        // The object whose field this is counts, too, as it does for the parser.
        guard depth < JSONValue.defaultDepthLimit else {
          throw WireError(.malformedJSON, "nested more than \(JSONValue.defaultDepthLimit) deep at byte \(position)")
        }
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
