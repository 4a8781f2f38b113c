import Testing

@testable import MartletController

@Suite struct IdentifierHashTests {
  private func spread(_ ids: [String], bits: UInt32) -> Int {
    Set(ids.map { $0.identifierHash & (1 << bits - 1) }).count
  }

  /// Each byte counts, at each length and in each place.
  @Test func identifiersThatDifferInOneByteHaveOtherHashes() {
    for count in 1...40 {
      let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: count)
      var hashes = [String(decoding: bytes, as: UTF8.self).identifierHash]
      for place in 0..<count {
        var other = bytes
        other[place] = UInt8(ascii: "b")
        hashes.append(String(decoding: other, as: UTF8.self).identifierHash)
      }
      #expect(Set(hashes).count == hashes.count, "\(count) bytes")
    }
    #expect(Set((0...40).map { String(repeating: "\0", count: $0).identifierHash }).count == 41)
  }

  /// The table uses the lowest bits. Of 65,536 random places, 4,096 identifiers take some 3,970.
  @Test(arguments: ["", "abcd_12_", "1f0d4c52-8d5c-4b6e-9f43-8a2f5d1d7c6e_4711_"])
  func numberedIdentifiersAreSpread(prefix: String) {
    #expect(spread((0..<4096).map { prefix + "\($0)" }, bits: 16) > 3850)
    #expect(spread((0..<4096).map { "\($0)" + prefix }, bits: 16) > 3850)
  }

  @Test func aTextHasTheHashOfItsBytes() {
    for text in ["", "é", "client_1", "1f0d4c52-8d5c-4b6e-9f43-8a2f5d1d7c6e"] {
      let bytes = Array(text.utf8)
      #expect(bytes.span.identifierHash == text.identifierHash)
    }
  }
}
