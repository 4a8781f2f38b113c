import Foundation
import MartletWire
import MartletZeroMQ
import Testing

@Suite("Every Codable value comes back equal")
struct CodableEqualityTests {
  /// What a value is after its journey as an argument or a result.
  private func returned<T: Codable>(_ value: T) throws -> T {
    let frames = ResultBuffers.serialize(try PickleValue(encoding: value))
    return try ResultBuffers.deserialize(frames).value.decode(T.self)
  }

  private func expectEqual<T: Codable & Equatable>(_ value: T) throws { #expect(try returned(value) == value) }

  @Test("random trees", arguments: 0..<8)
  func trees(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<250 { try expectEqual(CodableTree.random(4, using: &random)) }
  }

  @Test("dates keep their precision, before and after Python's calendar, too")
  func dates() throws {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<1000 {
      try expectEqual(Date(timeIntervalSinceReferenceDate: .random(in: -7e10...3e11, using: &random)))
      try expectEqual(Date(timeIntervalSince1970: .random(in: 0...2e9, using: &random)))
    }
    try expectEqual([Date.distantPast, .distantFuture, .now, Date(timeIntervalSinceReferenceDate: 1e300)])
    let infinite = Date(timeIntervalSinceReferenceDate: -.infinity)
    try expectEqual(infinite)
    #expect(try returned(Date(timeIntervalSinceReferenceDate: .nan)).timeIntervalSinceReferenceDate.isNaN)
  }

  @Test("dates with whole microseconds travel as datetimes, others as sums of one")
  func dateForms() throws {
    let whole = try PickleValue(encoding: Date(timeIntervalSince1970: 1_700_000_000.25))
    #expect(whole == .datetime(Date(timeIntervalSince1970: 1_700_000_000.25)))
    let precise = try PickleValue(encoding: Date(timeIntervalSinceReferenceDate: 0.123_456_789_1))
    #expect(precise.recordValue?.name == "add")
    #expect(try PickleValue(encoding: Date.distantPast).dictValue?.count == 1)
  }

  @Test("a nil inside of an optional is not the optional's nil")
  func nestedOptionals() throws {
    try expectEqual(String??.some(nil))
    try expectEqual(String??.none)
    try expectEqual(Int???.some(.some(nil)))
    try expectEqual(Int???.some(nil))
    try expectEqual([Int??.some(nil), nil, 1])
    try expectEqual(PickleValue?.some(.none))
    try expectEqual(PickleValue?.some(.tuple([.none])))
    #expect(try PickleValue(encoding: String?.none) == .none)
    #expect(try PickleValue(encoding: String?.some("a")) == "a")
    #expect(try PickleValue(encoding: String??.some(nil)) == .tuple([.none]))
  }

  @Test("dictionaries with numbers as keys, in whatever form they come")
  func numberedKeys() throws {
    try expectEqual([1: "a", -2: "b"])
    try expectEqual(Forwarding([1: "a"]))
    #expect(try PickleValue.dict(PickleDict([.init(key: 1, value: "a")])).decode([String: String].self) == ["1": "a"])
    #expect(try PickleValue.dict(PickleDict([.init(key: "1", value: "a")])).decode([Int: String].self) == [1: "a"])
  }
}
