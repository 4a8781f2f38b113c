import MartletWire
import MartletZeroMQ
import Testing

@Suite("Hostile pickles")
struct PickleHostileTests {
  static let seeds = [
    Vectors.mixed0, Vectors.mixed1, Vectors.mixed2, Vectors.mixed4, Vectors.mixed5, Vectors.array2, Vectors.array5,
    Vectors.scalar, Vectors.reference, Vectors.cannedBytes, Vectors.datetime,
  ]

  private func failure(_ bytes: [UInt8], limits: PickleLimits = PickleLimits()) -> PickleError? {
    do throws(PickleError) {
      _ = try PickleDecoder(limits: limits).decode(Bytes(bytes))
      return nil
    } catch {
      return error
    }
  }

  @Test("a pickle cut anywhere is an error", arguments: seeds)
  func truncation(pickle: Bytes) {
    for end in 0..<pickle.count { #expect(failure(pickle[0..<end].array) != nil) }
  }

  @Test("random and damaged bytes never trap")
  func random() {
    var generator = SeededGenerator(seed: 1)
    let opcodes = Array("(.012FIJKLMNPQRSTUVX]abcd}eghijlopqrstuGBC)".utf8) + Array(0x80...0x98)
    for round in 0..<20_000 {
      var bytes: [UInt8]
      if round.isMultiple(of: 2) {
        bytes = (0..<Int.random(in: 1...60, using: &generator)).map { _ in
          Bool.random(using: &generator)
            ? opcodes[Int.random(in: 0..<opcodes.count, using: &generator)] : UInt8.random(in: 0...9, using: &generator)
        }
      } else {
        bytes = Self.seeds[round / 2 % Self.seeds.count].array
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
          bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
        }
      }
      if let value = try? PickleDecoder().decode(Bytes(bytes)) {
        _ = value.hashValue
        _ = PickleEncoder().encode(value)
      }
      _ = try? ApplyCall.unpack([Bytes(bytes), Vectors.applyInfo, Bytes(bytes), Bytes(bytes), Bytes(bytes)])
    }
  }

  @Test(
    "lengths beyond the input are errors before anything is allocated",
    arguments: [
      "80048e ffffffffffffff7f", "80048e ffffffffffffffff", "80048d ffffffffffffff7f", "800496 ffffffffffffffff",
      "800495 ffffffffffffffff", "8004 42 ffffffff", "8004 58 ffffffff", "8004 8b ffffff7f", "8004 8b ffffffff",
      "8004 54 ffffff7f", "8004 54 000000 80",
    ])
  func lengths(hex: String) {
    #expect(failure(hexBytes(hex).array)?.code == .truncated)
  }

  @Test(
    "values shared to exponential size are refused, each kind in turn",
    arguments: [
      [0x86] as [UInt8],  // tuples
      [0x30, 0x30, 0x28, 0x68, 0, 0x68, 0, 0x91],  // frozensets
    ])
  func bombs(step: [UInt8]) {
    var bytes: [UInt8] = [0x80, 4, 0x5D, 0x71, 0]
    for _ in 0..<100 { bytes += [0x68, 0, 0x68, 0] + step + [0x71, 0] }
    bytes.append(0x2E)
    #expect(failure(bytes)?.code == .limit)
    var text: [UInt8] =
      [0x80, 4, 0x58, 0, 0, 16, 0] + [UInt8](repeating: 0x41, count: 1 << 20) + [0x71, 0, 0x30, 0x5D, 0x28]
    for _ in 0..<5_000 { text += [0x68, 0] }
    #expect(failure(text + [0x65, 0x2E])?.code == .limit)
  }

  @Test("depth is bounded, and the deepest value can be compared, hashed, written and freed")
  func depth() throws {
    func nested(_ count: Int) -> [UInt8] {
      [0x80, 4] + [UInt8](repeating: 0x5D, count: count) + [UInt8](repeating: 0x61, count: count - 1) + [0x2E]
    }
    #expect(failure(nested(502))?.code == .limit)
    #expect(failure(nested(1_000_000))?.code == .limit)
    let deepest = try PickleDecoder().decode(Bytes(nested(501)))
    #expect(deepest.hashValue == deepest.hashValue)
    #expect(try PickleDecoder().decode(PickleEncoder().encode(deepest)) == deepest)
  }

  @Test("what contains itself is an error")
  func cycles() {
    #expect(failure([0x5D, 0x71, 0, 0x68, 0, 0x61, 0x2E])?.code == .unsupported)
    #expect(failure([0x7D, 0x71, 0, 0x4B, 1, 0x68, 0, 0x73, 0x2E])?.code == .unsupported)
    #expect(failure([0x5D, 0x71, 0, 0x71, 1, 0x68, 1, 0x61, 0x2E])?.code == .unsupported)
    #expect(failure([0x5D, 0x32, 0x61, 0x2E])?.code == .unsupported)
  }

  @Test("work that a pickle asks for again and again is bounded")
  func repeatedWork() {
    let limits = PickleLimits(bytes: 1 << 20)
    var bytes = Array("c_codecs\nencode\nq".utf8) + [0, 0x58, 0, 0, 1, 0] + [UInt8](repeating: 0x41, count: 1 << 16)
    bytes += [0x71, 1, 0x30, 0x30, 0x55, 6] + Array("latin1".utf8) + [0x71, 2, 0x30]
    for _ in 0..<100 { bytes += [0x68, 0, 0x68, 1, 0x68, 2, 0x86, 0x52, 0x30] }
    #expect(failure(bytes + [0x4E, 0x2E], limits: limits)?.code == .limit)
  }

  @Test("filling a container item by item takes time in proportion")
  func singleItems() throws {
    let count = 200_000
    let fill = [UInt8]((0..<count).flatMap { _ in [0x4E, 0x61] as [UInt8] })
    let list = try PickleDecoder().decode(Bytes([0x5D, 0x71, 0] + fill + [0x2E]))
    #expect(list.elements?.count == count)
    let record = try PickleDecoder().decode(Bytes(Array("ca\nB\n)".utf8) + [0x52, 0x71, 0] + fill + [0x2E]))
    #expect(record.recordValue?.items.count == count)
  }
}
