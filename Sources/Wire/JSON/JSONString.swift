import MartletZeroMQ

/// Writes strings as JSON.
package enum JSONString {
  /// Appends a string in quotation marks, with `"`, `\` and control characters escaped and everything else as it is in
  /// UTF-8.
  ///
  /// - Parameters:
  ///   - string: the string to write; without anything to escape it is appended in one piece.
  ///   - output: receives the bytes.
  package static func append(_ string: String, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    if string.utf8.span.contains(below: 0x20, or: UInt8(ascii: "\""), or: UInt8(ascii: "\\")) {
      for byte in string.utf8 { appendEscaped(byte, to: &output) }
    } else {
      output.append(contentsOf: string.utf8)
    }
    output.append(UInt8(ascii: "\""))
  }

  private static func appendEscaped(_ byte: UInt8, to output: inout [UInt8]) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"):
      output.append(UInt8(ascii: "\\"))
      output.append(byte)
    case 0x0A: output.append(contentsOf: "\\n".utf8)
    case 0x0D: output.append(contentsOf: "\\r".utf8)
    case 0x09: output.append(contentsOf: "\\t".utf8)
    case 0..<0x20:
      output.append(contentsOf: "\\u00".utf8)
      output.append(hexDigit(byte >> 4))
      output.append(hexDigit(byte & 0x0F))
    default: output.append(byte)
    }
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
