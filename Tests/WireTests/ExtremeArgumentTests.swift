import MartletZeroMQ
import Testing

@testable import MartletWire

/// No argument to a public function crashes the process.
@Suite struct ExtremeArgumentTests {
  private static let integers = [Int.min, Int.min + 1, -1, 0, 1, 65_536, Int.max - 1, Int.max]

  @Test(arguments: ["S0", "V0", "U0"]) func arraysOfEmptyElementsAreBounded(_ dtype: String) throws {
    for shape in [[Int.max], [Int.max, Int.max], [65_537], [1 << 20, 1 << 20]] {
      #expect(throws: PickleError.self) { try NDArray(dtype: dtype, shape: shape, data: Bytes()) }
    }
    let small = try NDArray(dtype: dtype, shape: [256, 256], data: Bytes())
    #expect(small.count == 65_536)
    let empty = try NDArray(dtype: dtype, shape: [Int.max, 0, Int.max], data: Bytes())
    #expect(empty.count == 0)
    #expect(try NDArray(dtype: "S0", shape: [2], data: Bytes()).values() == [.bytes(Bytes()), .bytes(Bytes())])
  }

  @Test func shapesOfAnySize() {
    for first in Self.integers {
      for second in Self.integers {
        for dtype in ["<f8", "|u1"] {
          let array = try? NDArray(dtype: dtype, shape: [first, second], data: Bytes())
          #expect(
            (array != nil)
              == (first >= 0 && second >= 0 && (first == 0 || second == 0)
                && !(dtype == "<f8" && first > Int.max / 8)))
          _ = array?.rowMajor
          _ = try? array?.values()
        }
      }
    }
  }

  @Test func timestampsOfAnySize() {
    for microseconds in Self.integers {
      let timestamp = Timestamp(microseconds: microseconds)
      #expect(!timestamp.text.isEmpty)
      for other in Self.integers {
        let expected = Int128(microseconds) - Int128(other)
        #expect((timestamp - Timestamp(microseconds: other)).attoseconds == expected * 1_000_000_000_000)
      }
    }
  }

  @Test func depthLimitsOfAnySize() {
    let deep = Bytes(String(repeating: "[", count: 1_000_000))
    for limit in Self.integers {
      #expect(throws: JSONError.self) { try JSONValue.parse(deep, depthLimit: limit) }
      let limits = PickleLimits(depth: limit, values: limit, bytes: limit)
      #expect(throws: PickleError.self) { try PickleDecoder(limits: limits).decode(Bytes([0x80, 4])) }
    }
    let allowed = String(repeating: "[", count: 1000) + String(repeating: "]", count: 1000)
    #expect(throws: Never.self) { try JSONValue.parse(Bytes(allowed), depthLimit: .max) }
  }

  @Test func textRangesBeyondTheText() {
    let text = Array(#""a""#.utf8)
    for lower in [Int.min, -1, 0, 2, 3, Int.max - 4] {
      for count in [0, 2, 4, 1000] {
        let range = lower..<max(lower, lower &+ count)
        _ = try? JSONText.string(text.span, at: range)
        _ = try? JSONText.optionalDate(text.span, at: range)
        _ = try? JSONText.json(text.span, at: range)
        _ = try? JSONText.plainStrings(text.span, at: range)
        let isNull = JSONText.isNull(text.span, at: range)
        let isTrue = JSONText.isTrue(text.span, at: range)
        let isEmpty = JSONText.isEmptyContainer(text.span, at: range)
        #expect(!isNull && !isTrue && !isEmpty)
      }
    }
  }

  @Test func layoutsMovedByAnyNumber() throws {
    var message = Multipart()
    for frame in ["<IDS|MSG>", "", "{}", "{}", "{}", "{}"] { message.append(Bytes(frame)) }
    let layout = try MessageLayout(of: message)
    let signer = try MessageSigner(key: "key")
    for number in Self.integers {
      let moved = layout.shifted(by: number)
      #expect(moved.delimiter >= 0)
      _ = signer.verify(message, layout: moved)
      let signature = signer.signature(of: message, from: number)
      #expect(signature.count == 64)
    }
  }

  @Test(arguments: ["", "\0", "é\u{2028}\"\\", String(repeating: "k", count: 10_000)])
  func sessionsWithOddTexts(_ text: String) throws {
    var session = try Session(id: text, key: text, username: text)
    var message = Multipart()
    session.append(to: &message, type: text, id: text)
    var receiver = try Session(key: text)
    if text.isEmpty {
      #expect(throws: WireError.self) { _ = try receiver.take(&message) }
    } else {
      let received = try receiver.take(&message)
      #expect(received.header.messageID == text)
    }
  }

  @Test(arguments: ["", "\0", "é", String(repeating: "n", count: 300)])
  func functionsWithOddNames(_ name: String) async throws {
    let function = RemoteFunction(name) { (value: Int) in value }
    let call = try ApplyCall.unpack(ApplyCall.pack(functionFrames: function.reference, args: [1]))
    #expect(call.function == .reference(name))
    await #expect(throws: ArgumentError.self) { try await function.call(CallArguments([], keywords: [(name, 1)])) }
    #expect(try await function.call(CallArguments([.int(.max)])) == .int(.max))
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude, -0.0])
  func numbersOfAnySize(_ number: Double) throws {
    let read = try JSONValue.parse(JSONValue.double(number).bytes)
    #expect(read.doubleValue?.bitPattern == number.bitPattern || number.isNaN && read.doubleValue?.isNaN == true)
    _ = JSONValue.double(number).intValue
    #expect(PickleValue.float(number).intValue == nil)
  }
}
