import Foundation
import MartletWire
import MartletZeroMQ
import Testing

@Suite("Pickle decoder")
struct PickleDecoderTests {
  private let mixed: PickleValue = [
    1, -1, 300, 70_000, 1_099_511_627_776,
    .integer(twosComplement: [0, 0, 0, 0, 0, 0, 0, 0, 64]), .integer(twosComplement: [0, 0, 0, 0, 0, 0, 0, 0, 0xC0]),
    2.5, "é", .bytes(Bytes("ab")), nil, true, ["a": .tuple([1, 2])], .set([7]), .frozenSet([]),
    .bytearray(Bytes("x")), .complex(real: 1, imaginary: 2),
  ]

  @Test(
    "every protocol gives the same data",
    arguments: [
      Vectors.mixed0, Vectors.mixed1, Vectors.mixed2, Vectors.mixed3, Vectors.mixed4, Vectors.mixed5,
    ])
  func protocols(pickle: Bytes) throws {
    #expect(try PickleDecoder().decode(pickle) == mixed)
  }

  @Test("arrays of every protocol", arguments: [Vectors.array2, Vectors.array4, Vectors.array5])
  func arrays(pickle: Bytes) throws {
    let array = try #require(try PickleDecoder().decode(pickle).arrayValue)
    #expect(array.dtype == ">i2")
    #expect(array.shape == [2, 2])
    #expect(try array.array(of: Int16.self) == [0, 1, 2, 3])
  }

  @Test("out-of-band buffers are taken in order, and missing ones are an error")
  func outOfBand() throws {
    let content = Bytes([0, 0, 0, 1, 0, 2, 0, 3])
    let array = try #require(try PickleDecoder().decode(Vectors.arrayOutOfBand, buffers: [content]).arrayValue)
    #expect(array.data == content)
    #expect(throws: PickleError.self) { try PickleDecoder().decode(Vectors.arrayOutOfBand) }
  }

  @Test("numpy scalars, dates and references become values")
  func wellKnown() throws {
    #expect(try PickleDecoder().decode(Vectors.scalar) == 1.5)
    #expect(try PickleDecoder().decode(Vectors.reference) == .reference("square"))
    let date = try #require(try PickleDecoder().decode(Vectors.datetime).date)
    #expect(date == Date(timeIntervalSince1970: 1_709_209_815.25))
    #expect(PickleValue.datetime(date).date == date)
  }

  @Test("a class is an inert record")
  func record() throws {
    // os.system("ls"), then an object with state.
    let call = try #require(try PickleDecoder().decode(Bytes("cos\nsystem\n(S'ls'\ntR.")).recordValue)
    #expect(call == PickleRecord(module: "os", name: "system", args: ["ls"]))
    let object = try #require(
      try PickleDecoder().decode(Bytes("ca\nB\n)\u{81}}S'x'\nI1\nsb.".unicodeScalars.map { UInt8($0.value) }))
        .recordValue)
    #expect(object.construction == .new)
    #expect(object["x"] == 1)
  }

  @Test("big integers have all their digits")
  func bigIntegers() throws {
    let value = try #require(BigInteger(decimal: "-1180591620717411303424"))
    #expect(value.description == "-1180591620717411303424")
    #expect(PickleValue.bigInt(value) == .integer(twosComplement: [0, 0, 0, 0, 0, 0, 0, 0, 0xC0]))
    #expect(BigInteger(UInt64.max).description == "18446744073709551615")
    #expect(BigInteger(UInt64.max).uint64 == .max)
    #expect(BigInteger(decimal: "-9223372036854775808")?.int == .min)
  }

  /// As Python's `str`, except that a number of more digits is written in hexadecimal instead of refused.
  @Test func bigIntegersAreWrittenInDecimalUpToPythonsLimit() throws {
    let longest = String(repeating: "9", count: 4300)
    #expect(BigInteger(decimal: longest)?.description == longest)
    #expect(BigInteger(decimal: "-\(longest)")?.description == "-\(longest)")
    #expect(BigInteger(decimal: "1\(longest)") == nil)
    // One more than the longest, 10 ** 4300, in hexadecimal.
    var bytes = try #require(BigInteger(decimal: longest)).bytes
    for index in bytes.indices {
      bytes[index] &+= 1
      if bytes[index] != 0 { break }
    }
    let power = BigInteger(twosComplement: bytes).description
    #expect(power.hasPrefix("0x") && power.dropFirst(2).allSatisfy(\.isHexDigit))
    #expect(power.utf8.count == 2 + 3572 && power.hasSuffix("0"))
    #expect(BigInteger(twosComplement: [UInt8](repeating: 0, count: 2000) + [0x0F]).description.hasPrefix("0xf00"))
    let negative = BigInteger(twosComplement: [UInt8](repeating: 0, count: 2000) + [0xF1]).description
    #expect(negative == "-0xf" + String(repeating: "0", count: 4000))
  }

  /// Quadratic time would take minutes.
  @Test(.timeLimit(.minutes(1))) func hugeIntegersAreWritten() {
    let huge = BigInteger(twosComplement: [UInt8](repeating: 0x5A, count: 1 << 20))
    #expect(huge.description.utf8.count == 2 + (2 << 20))
    #expect(BigInteger(decimal: String(repeating: "7", count: 8 << 20)) == nil)
  }
}
