/// A one-pass parser of UTF-8 bytes. It stores only its position; each method borrows the text.
struct JSONParser {
  /// Offset of the next byte to read.
  var position = 0
  /// Levels of nesting that remain.
  var depth: Int

  init(depthLimit: Int) { depth = depthLimit }

  /// Reads one value, which must be the whole text.
  mutating func parseText(_ text: Span<UInt8>) throws(JSONError) -> JSONValue {
    let value = try parseValue(text)
    skipWhitespace(text)
    guard position == text.count else { throw JSONError(.trailingBytes, offset: position) }
    return value
  }

  private mutating func parseValue(_ text: Span<UInt8>) throws(JSONError) -> JSONValue {
    skipWhitespace(text)
    switch try byte(text) {
    case UInt8(ascii: "{"): return try parseObject(text)
    case UInt8(ascii: "["): return try parseArray(text)
    case UInt8(ascii: "\""): return .string(try parseString(text))
    case UInt8(ascii: "t"): return try parseWord("true", .bool(true), text)
    case UInt8(ascii: "f"): return try parseWord("false", .bool(false), text)
    case UInt8(ascii: "n"): return try parseWord("null", .null, text)
    case UInt8(ascii: "N"): return try parseWord("NaN", .double(.nan), text)
    case UInt8(ascii: "I"): return try parseWord("Infinity", .double(.infinity), text)
    case UInt8(ascii: "-") where position + 1 < text.count && text[position + 1] == UInt8(ascii: "I"):
      return try parseWord("-Infinity", .double(-.infinity), text)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try parseNumber(text)
    default: throw JSONError(.unexpectedByte, offset: position)
    }
  }

  private mutating func parseObject(_ text: Span<UInt8>) throws(JSONError) -> JSONValue {
    try enter()
    var members: [String: JSONValue] = [:]
    if try !closes(text, with: UInt8(ascii: "}")) {
      repeat {
        skipWhitespace(text)
        guard try byte(text) == UInt8(ascii: "\"") else { throw JSONError(.unexpectedByte, offset: position) }
        let key = try parseString(text)
        skipWhitespace(text)
        guard try byte(text) == UInt8(ascii: ":") else { throw JSONError(.unexpectedByte, offset: position) }
        position += 1
        members[key] = try parseValue(text)
      } while try continues(text, until: UInt8(ascii: "}"))
    }
    depth += 1
    return .object(members)
  }

  private mutating func parseArray(_ text: Span<UInt8>) throws(JSONError) -> JSONValue {
    try enter()
    var elements: [JSONValue] = []
    if try !closes(text, with: UInt8(ascii: "]")) {
      repeat {
        elements.append(try parseValue(text))
      } while try continues(text, until: UInt8(ascii: "]"))
    }
    depth += 1
    return .array(elements)
  }

  private mutating func parseWord(
    _ word: StaticString, _ value: JSONValue, _ text: Span<UInt8>
  ) throws(JSONError) -> JSONValue {
    for expected in word.description.utf8 {
      guard try byte(text) == expected else { throw JSONError(.unexpectedByte, offset: position) }
      position += 1
    }
    return value
  }

  /// Steps over the opening bracket and descends a level.
  private mutating func enter() throws(JSONError) {
    guard depth > 0 else { throw JSONError(.tooDeep, offset: position) }
    depth -= 1
    position += 1
  }

  /// Whether the array or object just opened is empty; if so, steps over its closing bracket.
  private mutating func closes(_ text: Span<UInt8>, with bracket: UInt8) throws(JSONError) -> Bool {
    skipWhitespace(text)
    guard try byte(text) == bracket else { return false }
    position += 1
    return true
  }

  /// Steps over a comma (`true`) or the closing bracket (`false`).
  private mutating func continues(_ text: Span<UInt8>, until bracket: UInt8) throws(JSONError) -> Bool {
    skipWhitespace(text)
    let next = try byte(text)
    guard next == UInt8(ascii: ",") || next == bracket else { throw JSONError(.unexpectedByte, offset: position) }
    position += 1
    return next != bracket
  }

  private mutating func skipWhitespace(_ text: Span<UInt8>) {
    while position < text.count {
      switch text[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  /// The byte at the position, which does not advance.
  func byte(_ text: Span<UInt8>) throws(JSONError) -> UInt8 {
    guard position < text.count else { throw JSONError(.unexpectedEnd, offset: text.count) }
    return text[position]
  }
}
