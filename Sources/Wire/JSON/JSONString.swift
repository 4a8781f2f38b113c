import MartletZeroMQ

/// Appends a string as JSON: in quotation marks, with `"`, `\` and control characters escaped, everything else as it is
/// in UTF-8.
///
/// - Parameters:
///   - string: The string to write.
///   - output: Receives the bytes. A string without anything to escape is appended in one piece.
public func appendJSONString(_ string: String, to output: inout [UInt8]) {
  output.append(UInt8(ascii: "\""))
  if string.utf8.span.contains(below: 0x20, or: UInt8(ascii: "\""), or: UInt8(ascii: "\\")) {
    for byte in string.utf8 { appendEscaped(byte, to: &output) }
  } else {
    output.append(contentsOf: string.utf8)
  }
  output.append(UInt8(ascii: "\""))
}

private func needsEscape(_ byte: UInt8) -> Bool {
  byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
}

private func appendEscaped(_ byte: UInt8, to output: inout [UInt8]) {
  guard needsEscape(byte) else { return output.append(byte) }
  output.append(UInt8(ascii: "\\"))
  switch byte {
  case 0x0A: output.append(UInt8(ascii: "n"))
  case 0x0D: output.append(UInt8(ascii: "r"))
  case 0x09: output.append(UInt8(ascii: "t"))
  case 0..<0x20:
    output.append(contentsOf: "u00".utf8)
    output.append(UInt8(ascii: "0") + byte >> 4)
    output.append(hexDigit(byte & 0x0F))
  default: output.append(byte)
  }
}

private func hexDigit(_ value: UInt8) -> UInt8 {
  value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}
