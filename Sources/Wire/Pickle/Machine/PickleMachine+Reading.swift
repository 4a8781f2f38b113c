import MartletZeroMQ

extension PickleMachine {
  /// The offset `count` bytes after the position, if the input has that many.
  private func end(_ span: Span<UInt8>, _ count: Int) throws(PickleError) -> Int {
    guard count >= 0, count <= span.count - position else {
      throw error(.truncated, "\(count) bytes wanted, \(span.count - position) are left")
    }
    return position + count
  }

  mutating func byte(_ span: Span<UInt8>) throws(PickleError) -> Int {
    guard position < span.count else { throw error(.truncated, "the input ends") }
    position += 1
    return Int(span[position - 1])
  }

  /// Reads a little-endian number.
  mutating func number<T: FixedWidthInteger & BitwiseCopyable>(
    _ span: Span<UInt8>, _ type: T.Type
  ) throws(PickleError) -> T {
    let end = try end(span, T.bitWidth / 8)
    defer { position = end }
    return T(littleEndian: span.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: T.self))
  }

  /// Reads a length of eight bytes; one too large for any input is an error.
  mutating func length8(_ span: Span<UInt8>) throws(PickleError) -> Int {
    guard let length = Int(exactly: try number(span, UInt64.self)) else { throw error(.truncated, "an absurd length") }
    return length
  }

  mutating func slice(_ span: Span<UInt8>, _ count: Int) throws(PickleError) -> Bytes {
    let end = try end(span, count)
    defer { position = end }
    return input[position..<end]
  }

  mutating func text(_ span: Span<UInt8>, _ count: Int) throws(PickleError) -> String {
    let end = try end(span, count)
    defer { position = end }
    do {
      return String(copying: try UTF8Span(validating: span.extracting(position..<end)))
    } catch {
      throw PickleError(.malformed, at: start, "a str is not valid UTF-8")
    }
  }

  mutating func pushText(_ span: Span<UInt8>, _ count: Int) throws(PickleError) {
    try push(.string(try text(span, count)), payload: count)
  }

  /// Reads a line and returns it without its end.
  mutating func line(_ span: Span<UInt8>) throws(PickleError) -> String {
    var end = position
    while end < span.count, span[end] != 0x0A { end += 1 }
    guard end < span.count else { throw error(.truncated, "a line has no end") }
    let line = try text(span, end - position)
    position += 1
    return line
  }

  /// Reads the number of a memo slot from a line.
  mutating func slotLine(_ span: Span<UInt8>) throws(PickleError) -> Int {
    guard let slot = Int(try line(span)) else { throw error(.malformed, "a memo index is not a number") }
    return slot
  }

  /// Reads a decimal `int` or `bool` of protocol 0. The limit of 4,300 digits is Python's.
  mutating func decimal(_ span: Span<UInt8>, allowBool: Bool) throws(PickleError) -> PickleValue {
    var text = Substring(try line(span))
    if allowBool, text == "00" || text == "01" { return .bool(text == "01") }
    if text.hasSuffix("L") { text.removeLast() }
    if let small = Int(text) { return .int(small) }
    guard let big = BigInteger(decimal: text) else {
      throw error(.malformed, "an int that is not a number")
    }
    return .bigInt(big)
  }

  mutating func decimalFloat(_ span: Span<UInt8>) throws(PickleError) -> PickleValue {
    guard let value = Double(try line(span)) else { throw error(.malformed, "a float that is not a number") }
    return .float(value)
  }

  /// Reads text of protocol 0: raw-unicode-escape, of which pickles use `\uXXXX` and `\UXXXXXXXX` in Latin-1.
  mutating func escapedText(_ span: Span<UInt8>) throws(PickleError) -> String {
    var out = String.UnicodeScalarView()
    while true {
      let byte = try byte(span)
      if byte == 0x0A { return String(out) }
      var code = UInt32(byte)
      if byte == 0x5C, position < span.count, span[position] == 0x75 || span[position] == 0x55 {
        let digits = try self.byte(span) == 0x75 ? 4 : 8
        let hex = try text(span, digits)
        guard let parsed = UInt32(hex, radix: 16) else { throw error(.malformed, "a broken escape in a str") }
        code = parsed
      }
      guard let scalar = UnicodeScalar(code) else { throw error(.malformed, "a str is not valid Unicode") }
      out.append(scalar)
    }
  }

  /// Pushes a `str` of Python 2: as text if it is ASCII, as `bytes` otherwise.
  mutating func pushOldString(_ bytes: Bytes) throws(PickleError) {
    let isASCII = bytes.withSpan { span in span.indices.allSatisfy { span[$0] < 0x80 } }
    try push(isASCII ? .string(bytes.string) : .bytes(bytes), payload: bytes.count)
  }

  /// Reads a quoted `str` of Python 2 in protocol 0.
  mutating func quotedString(_ span: Span<UInt8>) throws(PickleError) -> Bytes {
    let line = Array(try line(span).utf8)
    guard line.count >= 2, let quote = line.first, quote == line.last, quote == 0x22 || quote == 0x27 else {
      throw error(.malformed, "a string without quotes")
    }
    var out: [UInt8] = []
    var rest = line.dropFirst().dropLast()
    while let byte = rest.popFirst() {
      guard byte == 0x5C else {
        out.append(byte)
        continue
      }
      switch rest.popFirst() {
      case UInt8(ascii: "n"): out.append(0x0A)
      case UInt8(ascii: "r"): out.append(0x0D)
      case UInt8(ascii: "t"): out.append(0x09)
      case UInt8(ascii: "x"):
        guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
          throw error(.malformed, "a broken escape in a string")
        }
        rest = rest.dropFirst(2)
        out.append(value)
      case let other? where other == 0x5C || other == 0x22 || other == 0x27: out.append(other)
      default: throw error(.malformed, "a broken escape in a string")
      }
    }
    return Bytes(out)
  }
}
