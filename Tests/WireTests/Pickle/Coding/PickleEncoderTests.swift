import MartletWire
import MartletZeroMQ
import Testing

@Suite("Pickle encoder")
struct PickleEncoderTests {
  private static func samples() throws -> [PickleValue] {
    var record = PickleRecord(module: "m", name: "C", construction: .new, args: [1], state: ["a": 1])
    record.items = [1, 2]
    record.entries = PickleDict([.init(key: "k", value: nil)])
    record.kwargs = PickleDict([.init(key: "w", value: 2)])
    return [
      nil, true, 0, 255, 256, 65_536, -1, .int(.min), .int(.max), .integer(UInt64.max), 1.5, "", "é",
      .string(String(repeating: "x", count: 300)), .bytes(Bytes([UInt8](repeating: 7, count: 300))),
      .bytearray(Bytes("a")), [], [1, [2, [3]]], .tuple([]), .tuple([1]), .tuple([1, 2]), .tuple([1, 2, 3]),
      .tuple([1, 2, 3, 4]), [:], ["a": 1, 2: "b", .tuple([1, 2]): nil], .set([1, "a"]), .frozenSet([]),
      .frozenSet([1]), .complex(real: 1, imaginary: -2), .reference("f"), .global(module: "a", name: "b.c"),
      .record(record), [["x": 1], ["x": 2], ["x": 3]], .array(try NDArray([1.5, 2.5], shape: [2, 1])),
      .array(try NDArray([true, false])), .integer(twosComplement: [UInt8](repeating: 3, count: 500)),
      .list((0..<1_200).map { [.string("key\($0 % 600)"): .int($0)] }),
    ]
  }

  @Test("what is written is read back", arguments: [PickleEncoder.Version.four, .five], [true, false])
  func roundTrip(version: PickleEncoder.Version, usesFrame: Bool) throws {
    let encoder = PickleEncoder(version: version, usesFrame: usesFrame)
    for value in try Self.samples() { #expect(try PickleDecoder().decode(encoder.encode(value)) == value) }
  }

  @Test("keys of many alike dicts are written once")
  func memo() {
    let rows = PickleValue.list((0..<100).map { ["a rather long key": .int($0)] })
    #expect(PickleEncoder().encode(rows).count < 100 * 10)
  }
}
