extension JSONParser {
  /// Reads a string from its opening to its closing quotation mark.
  mutating func parseString(_ text: Span<UInt8>) throws(JSONError) -> String {
    position += 1
    let start = position
    while true {
      switch try byte(text) {
      case UInt8(ascii: "\""):
        let content = text.extracting(start..<position)
        position += 1
        return try Self.decode(content, offset: start)
      case UInt8(ascii: "\\"): return try parseEscapedString(text, from: start)
      case 0..<0x20: throw JSONError(.controlCharacter, offset: position)
      default: position += 1
      }
    }
  }

  /// Reads the rest of a string from its first escape on.
  private mutating func parseEscapedString(_ text: Span<UInt8>, from start: Int) throws(JSONError) -> String {
    var content: [UInt8] = []
    for index in start..<position { content.append(text[index]) }
    while true {
      let next = try byte(text)
      switch next {
      case UInt8(ascii: "\""):
        position += 1
        return try Self.decode(content.span, offset: start)
      case UInt8(ascii: "\\"):
        position += 1
        try parseEscape(text, into: &content)
      case 0..<0x20: throw JSONError(.controlCharacter, offset: position)
      default:
        content.append(next)
        position += 1
      }
    }
  }

  /// Reads an escape behind its backslash.
  private mutating func parseEscape(_ text: Span<UInt8>, into content: inout [UInt8]) throws(JSONError) {
    let escape = try byte(text)
    switch escape {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(escape)
    case UInt8(ascii: "b"): content.append(0x08)
    case UInt8(ascii: "f"): content.append(0x0C)
    case UInt8(ascii: "n"): content.append(0x0A)
    case UInt8(ascii: "r"): content.append(0x0D)
    case UInt8(ascii: "t"): content.append(0x09)
    case UInt8(ascii: "u"):
      position += 1
      content.append(contentsOf: try parseScalar(text).utf8)
      return
    default: throw JSONError(.invalidEscape, offset: position)
    }
    position += 1
  }

  /// Reads the digits after `\u`, and the whole surrogate pair if they are the first half of one.
  private mutating func parseScalar(_ text: Span<UInt8>) throws(JSONError) -> Unicode.Scalar {
    let unit = try parseCodeUnit(text)
    if let scalar = Unicode.Scalar(unit) { return scalar }
    let next = position
    if UTF16.isLeadSurrogate(unit), next + 1 < text.count, text[next] == UInt8(ascii: "\\"),
      text[next + 1] == UInt8(ascii: "u")
    {
      position += 2
      let second = try parseCodeUnit(text)
      if UTF16.isTrailSurrogate(second) {
        let value = 0x10000 + (UInt32(unit & 0x3FF) << 10 | UInt32(second & 0x3FF))
        return Unicode.Scalar(value) ?? "\u{FFFD}"
      }
      // The next escape stands for itself.
      position = next
    }
    return "\u{FFFD}"
  }

  private mutating func parseCodeUnit(_ text: Span<UInt8>) throws(JSONError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      let byte = try byte(text)
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: throw JSONError(.invalidEscape, offset: position)
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }

  private static func decode(_ content: Span<UInt8>, offset: Int) throws(JSONError) -> String {
    guard let checked = try? UTF8Span(validating: content) else { throw JSONError(.invalidUTF8, offset: offset) }
    return String(copying: checked)
  }
}
