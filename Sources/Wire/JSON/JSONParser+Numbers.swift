extension JSONParser {
  /// Reads a number by the grammar of RFC 8259, section 6.
  mutating func parseNumber(_ text: Span<UInt8>) throws(JSONError) -> JSONValue {
    let start = position
    let isNegative = text[position] == UInt8(ascii: "-")
    if isNegative { position += 1 }

    // The value is built as a negative number, because those reach one further than the positive ones.
    var negated: Int? = 0
    let firstDigit = position
    while let digit = digit(text) {
      guard position == firstDigit || text[firstDigit] != UInt8(ascii: "0") else {
        throw JSONError(.invalidNumber, offset: position)
      }
      negated = Self.append(digit, to: negated)
      position += 1
    }
    guard position > firstDigit else { throw numberError(text) }

    var isWhole = true
    if position < text.count, text[position] == UInt8(ascii: ".") {
      isWhole = false
      position += 1
      try skipDigits(text)
    }
    if position < text.count, text[position] | 0x20 == UInt8(ascii: "e") {
      isWhole = false
      position += 1
      if position < text.count, text[position] == UInt8(ascii: "+") || text[position] == UInt8(ascii: "-") {
        position += 1
      }
      try skipDigits(text)
    }

    if isWhole, let negated {
      if isNegative { return .int(negated) }
      let (value, overflows) = Int.zero.subtractingReportingOverflow(negated)
      if !overflows { return .int(value) }
    }
    return .double(try double(text, from: start))
  }

  private mutating func skipDigits(_ text: Span<UInt8>) throws(JSONError) {
    guard digit(text) != nil else { throw numberError(text) }
    while digit(text) != nil { position += 1 }
  }

  private func digit(_ text: Span<UInt8>) -> Int? {
    guard position < text.count else { return nil }
    let byte = text[position]
    return byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? Int(byte - UInt8(ascii: "0")) : nil
  }

  private static func append(_ digit: Int, to negated: Int?) -> Int? {
    guard let negated else { return nil }
    let (product, productOverflows) = negated.multipliedReportingOverflow(by: 10)
    let (sum, sumOverflows) = product.subtractingReportingOverflow(digit)
    return productOverflows || sumOverflows ? nil : sum
  }

  private func numberError(_ text: Span<UInt8>) -> JSONError {
    JSONError(position == text.count ? .unexpectedEnd : .invalidNumber, offset: position)
  }

  /// The double nearest to the number between `start` and the position, which is known to follow the grammar.
  private func double(_ text: Span<UInt8>, from start: Int) throws(JSONError) -> Double {
    guard let digits = try? UTF8Span(validating: text.extracting(start..<position)),
      let value = Double(String(copying: digits))
    else { throw JSONError(.invalidNumber, offset: start) }
    return value
  }
}
