import Foundation
import Testing

@testable import MartletZeroMQ

@Suite struct BytesTests {
  private let sample = Bytes("hello world")

  @Test func emptiness() {
    for empty in [Bytes(), Bytes(""), Bytes([]), Bytes([UInt8]()[...]), sample[3..<3], Bytes(bitsOf: [Double]())] {
      #expect(empty.isEmpty && empty.count == 0 && empty.array == [] && empty.string == "")
      #expect(empty == Bytes() && empty.hashValue == Bytes().hashValue)
      #expect(empty.withSpan { $0.count } == 0)
      #expect(empty.elements(of: Double.self) == [])
    }
  }

  @Test func slicesShareMemory() {
    let slice = sample[6..<11]
    #expect(slice.string == "world" && slice[0] == UInt8(ascii: "w"))
    #expect(slice[1..<3].string == "or")
    let offset = sample.withUnsafeBytes { whole in slice.withUnsafeBytes { $0.baseAddress! - whole.baseAddress! } }
    #expect(offset == 6)
  }

  @Test func prefixes() {
    #expect(sample.hasPrefix(Bytes("hello")) && sample.hasPrefix(sample) && sample.hasPrefix(Bytes()))
    #expect(!sample.hasPrefix(Bytes("world")) && !Bytes("hell").hasPrefix(Bytes("hello")))
  }

  @Test func slicesKeepTheWholeAlive() {
    func slice() -> Bytes { Bytes([UInt8](repeating: 9, count: 10_000))[5000..<5003] }
    #expect(slice().array == [9, 9, 9])
  }

  @Test func equalityAndHash() {
    #expect(Bytes("abc") == Bytes([0x61, 0x62, 0x63]))
    #expect(Bytes("abc") != Bytes("abd") && Bytes("abc") != Bytes("ab"))
    #expect(Bytes("xabc")[1..<4].hashValue == Bytes("abc").hashValue)
    #expect(Set([Bytes("a"), Bytes("b"), Bytes("ba")[1..<2]]).count == 2)
  }

  @Test func arraysAndSpans() {
    let array: [UInt8] = [1, 2, 3, 4]
    #expect(Bytes(array[1..<3]).array == [2, 3])
    #expect(Bytes(copying: array.span).array == array)
    #expect(Bytes(array).withSpan { $0.count == 4 && $0[3] == 4 })
  }

  @Test(arguments: [0, 1, 14, 15, 1024, 1025, 100_000])
  func arraysAndDataAsTheyWereThen(count: Int) {
    let original = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    var array = original
    var data = Data(original)
    let (fromArray, fromData) = (Bytes(array), Bytes(data))
    if count > 0 {
      array[0] = 99
      data[0] = 99
    }
    array.append(1)
    data.append(1)
    #expect(fromArray.array == original && fromData.array == original)
    #expect(fromData.data == Data(original) && Bytes(Data(original).dropFirst()).count == max(0, count - 1))
  }

  @Test func largeArraysAndDataAreNotCopied() {
    let array = [UInt8](repeating: 1, count: 2000)
    #expect(array.withUnsafeBytes { $0.baseAddress } == Bytes(array).withUnsafeBytes { $0.baseAddress })
    let data = Data(array)
    #expect(data.withUnsafeBytes { $0.baseAddress } == Bytes(data).withUnsafeBytes { $0.baseAddress })
  }

  @Test func dataOfBytesIsACopy() {
    let bytes = Bytes([UInt8](repeating: 1, count: 2000))
    var data = bytes.data
    data[0] = 2
    #expect(bytes[0] == 1)
  }

  @Test func invalidUTF8IsRepaired() {
    #expect(Bytes([0x61, 0xFF, 0x62]).string == "a\u{FFFD}b")
  }

  @Test func elementsAtAnyAlignment() {
    let values: [Double] = [1.5, -2, .infinity]
    let bytes = Bytes(bitsOf: values)
    #expect(bytes.count == 24 && bytes.elements(of: Double.self) == values)
    let shifted = Bytes([0] + bytes.array)[1..<25]
    #expect(shifted.elements(of: Double.self) == values)
    #expect(bytes[0..<23].elements(of: Double.self) == [1.5, -2])
    #expect(Bytes([1, 2, 3]).elements(of: UInt16.self).count == 1)
  }

  @Test func closuresMayThrow() {
    struct Failure: Error {}
    #expect(throws: Failure.self) { try sample.withSpan { _ throws(Failure) in throw Failure() } }
  }

  /// A libzmq message contains pointers, so its memory must be pointer-aligned. Small payloads are stored inside it.
  @Test func framesAreAligned() {
    let message = Multipart(["a"])
    let remainder = message.shared(0).withUnsafeBytes { Int(bitPattern: $0.baseAddress) % MemoryLayout<Int>.alignment }
    #expect(remainder == 0)
  }

  @Test(.timeLimit(.minutes(1)), arguments: [ByteStorage.inlineLimit, ByteStorage.inlineLimit + 1])
  func payloadsAroundTheLimitOfCopying(size: Int) throws {
    let payload = Bytes([UInt8](repeating: 3, count: size))
    let pair = try Transport.inproc.makePair(.pull, .push)
    var message = Multipart()
    message.append(payload)
    try pair.client.send(&message)
    let came = try pair.server.receive(into: &message, timeout: patience)
    #expect(came)
    let isShared = payload.withUnsafeBytes { sent in
      message.shared(0).withUnsafeBytes { $0.baseAddress == sent.baseAddress }
    }
    #expect(message.shared(0) == payload)
    #expect(isShared == (size > ByteStorage.inlineLimit))
  }

  /// Reports when libzmq has released a payload it referenced.
  private final class Owner: Sendable {
    let memory: Bytes
    let released: @Sendable () -> Void

    init(count: Int, released: @escaping @Sendable () -> Void) {
      memory = Bytes([UInt8](repeating: 5, count: count))
      self.released = released
    }

    deinit { released() }

    var bytes: Bytes { memory.withUnsafeBytes { Bytes(owner: self, base: $0.baseAddress, count: $0.count) } }
  }

  @Test(.timeLimit(.minutes(1)), arguments: Transport.allCases)
  func aLargePayloadIsFreedExactlyOnce(_ transport: Transport) async throws {
    let (releases, continuation) = AsyncStream<Void>.makeStream()
    func sendAndReceive() throws {
      let payload = Owner(count: 100_000) { continuation.yield() }.bytes
      let pair = try transport.makePair(.pull, .push)
      for _ in 0..<3 {
        var message = Multipart()
        message.append(payload)
        message.append(payload[10..<50_000])
        try pair.client.send(&message)
        let came = try pair.server.receive(into: &message, timeout: patience)
        #expect(came)
        #expect(message.shared(0) == payload)
      }
    }
    try sendAndReceive()
    var iterator = releases.makeAsyncIterator()
    await iterator.next()
    continuation.finish()
    #expect(await iterator.next() == nil)
  }
}
