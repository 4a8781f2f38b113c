import Testing

@testable import MartletZeroMQ

@Suite struct SpanTests {
  // `#expect` does not accept expressions that contain a span.
  private func isEqual(_ bytes: [UInt8], _ literal: StaticString) -> Bool { bytes.span.equals(literal) }

  private func isHex(_ digits: [UInt8], of bytes: [UInt8]) -> Bool { digits.span.equals(hexOf: bytes.span.bytes) }

  private func first(_ bytes: [UInt8], _ first: UInt8, _ second: UInt8, from start: Int) -> Int {
    bytes.span.firstIndex(of: first, or: second, from: start)
  }

  @Test func literals() {
    let text = Array("<IDS|MSG>".utf8)
    #expect(isEqual(text, "<IDS|MSG>"))
    for other in ["", "<IDS|MSG", "<IDS|MSG> ", "<ids|msg>"] as [StaticString] {
      #expect(!isEqual(text, other))
    }
    #expect(isEqual([], ""))
  }

  @Test func bytes() {
    func isSame(_ bytes: [UInt8], _ others: [UInt8]) -> Bool { bytes.span.equals(others.span) }
    #expect(isSame([1, 0, 2], [1, 0, 2]))
    #expect(isSame([], []))
    for other in [[], [1], [1, 0, 3], [1, 0, 2, 0]] as [[UInt8]] { #expect(!isSame([1, 0, 2], other)) }
  }

  /// Covers every length and position around an eight-byte word, from every start.
  @Test func theFirstOfTwoBytes() {
    for count in 0..<20 {
      for place in 0...count {
        for byte in [0x22, 0x5C] as [UInt8] {
          var bytes = [UInt8](repeating: 0xA2, count: count)
          if place < count { bytes[place] = byte }
          for start in -1...(count + 1) {
            let found = bytes.span.firstIndex(of: 0x22, or: 0x5C, from: start)
            #expect(found == (start >= 0 && start <= place ? place : count))
          }
        }
      }
    }
  }

  /// A byte that differs from the target by one bit must not count as a match, even right after a match.
  @Test func theFirstOfSeveral() {
    let bytes = Array("aaaaaaaaaaa\"#\"\\]\\".utf8)
    #expect(first(bytes, 0x22, 0x5C, from: 0) == 11)
    #expect(first(bytes, 0x22, 0x5C, from: 12) == 13)
    #expect(first(bytes, 0x5C, 0x5C, from: 0) == 14)
    #expect(first(bytes, 0x5C, 0x5C, from: 15) == 16)
  }

  @Test func bytesToEscape() {
    for byte in UInt8.min...UInt8.max {
      let bytes = [UInt8](repeating: 0x61, count: 21) + [byte]
      let found = bytes.span.contains(below: 0x20, or: 0x22, or: 0x5C)
      #expect(found == (byte < 0x20 || byte == 0x22 || byte == 0x5C))
    }
  }

  @Test func hexadecimalDigits() {
    let bytes = Array(UInt8.min...UInt8.max)
    let digits = bytes.flatMap { byte in
      let text = String(byte, radix: 16)
      return Array((text.count == 1 ? "0" + text : text).utf8)
    }
    #expect(isHex(digits, of: bytes))
    for index in digits.indices {
      var wrong = digits
      wrong[index] ^= 1
      #expect(!isHex(wrong, of: bytes))
    }
    #expect(!isHex(digits.dropLast(), of: bytes))

    var message = Multipart(["first", "second"])
    message.replace(1, withHexOf: bytes.span.bytes)
    message.replace(2, withHexOf: bytes.span.bytes)
    #expect(message.texts == ["first", String(decoding: digits, as: UTF8.self)])
  }
}
