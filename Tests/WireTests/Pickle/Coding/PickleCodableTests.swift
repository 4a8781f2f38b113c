import Foundation
import MartletWire
import MartletZeroMQ
import Testing

@Suite("Codable over pickle values")
struct PickleCodableTests {
  struct Point: Codable, Equatable {
    var x: Double
    var tags: [String]
    var next: [Point]?
    var counts: [Int: String]
    var blob: Data
    var kind: Kind

    enum Kind: String, Codable { case good, bad }
  }

  class Base: Codable { var a = 1 }

  private func roundTrip<T: Codable & Equatable>(_ value: T) throws {
    let pickle = PickleEncoder().encode(try PickleValue(encoding: value))
    #expect(try PickleDecoder().decode(pickle).decode(T.self) == value)
  }

  @Test("structures go there and back")
  func structures() throws {
    let inner = Point(x: 1, tags: [], next: nil, counts: [:], blob: Data(), kind: .bad)
    try roundTrip(Point(x: 2, tags: ["a"], next: [inner], counts: [1: "one"], blob: Data([1]), kind: .good))
    try roundTrip([1, nil, 3] as [Int?])
    try roundTrip(["1": 2, "b": 3])
    try roundTrip(["1": 2.5])
    try roundTrip([1: ["x": [1.5]]])
    try roundTrip(UInt64.max)
    try roundTrip([Int8.min, .max])
    try roundTrip(Set([1, 2]))
    try roundTrip(Date(timeIntervalSince1970: 1_700_000_000.5))
    try roundTrip([UInt8]([1, 2]))
    try roundTrip(Bytes("a"))
    try roundTrip(try NDArray([1, 2]))
    try roundTrip([PickleValue.none, .tuple([1])])
    try roundTrip(["k": PickleValue.set([1])])
  }

  /// Optionals of plain types and no value at all have a way of their own.
  @Test("optionals and nothing go there and back, and are None when there is nothing")
  func optionals() throws {
    for value in [nil, 0, -7] as [Int?] { try roundTrip(value) }
    for value in [nil, 0, 1.5] as [Double?] { try roundTrip(value) }
    for value in [nil, "", "a"] as [String?] { try roundTrip(value) }
    for value in [nil, true, false] as [Bool?] { try roundTrip(value) }
    for value in [nil, .some(nil), 1] as [Int??] { try roundTrip(value) }
    try roundTrip(NoValue())
    #expect(try PickleValue(encoding: Int?.none) == PickleValue.none)
    #expect(try PickleValue(encoding: String?("a")) == .string("a"))
    #expect(try PickleValue(encoding: NoValue()) == PickleValue.none)
    #expect(try PickleValue.none.decode(Bool?.self) == nil)
    #expect(try PickleValue.int(3).decode(NoValue.self) == NoValue())
    #expect(throws: (any Error).self) { try PickleValue.string("3").decode(Int?.self) }
    #expect(throws: (any Error).self) { try PickleValue.none.decode(Int.self) }
  }

  @Test("the shapes Python sees")
  func shapes() throws {
    #expect(try PickleValue(encoding: [1: "a"]) == [1: "a"])
    #expect(try PickleValue(encoding: ["1": "a"]) == ["1": "a"])
    #expect(try PickleValue(encoding: [UInt8]([1])) == .bytes(Bytes([1])))
    #expect(try PickleValue(encoding: Base()) == ["a": 1])
    #expect(try PickleValue(encoding: Int?.none) == nil)
  }

  @Test("sequences of every kind are read as arrays")
  func sequences() throws {
    for value: PickleValue in [[1, 2], .tuple([1, 2]), .set([1, 2]), .array(try NDArray([1, 2] as [Int32]))] {
      #expect(try value.decode([Int].self) == [1, 2])
      #expect(try value.decode([Double].self) == [1, 2])
      #expect(try value.decode([UInt16].self) == [1, 2])
    }
    #expect(try PickleValue.array(NDArray([1.5])).decode([Double].self) == [1.5])
    #expect(try PickleValue.list([3]).decode([UInt8].self) == [3])
  }

  @Test("errors say where, what was found and what was expected")
  func errors() throws {
    let value: PickleValue = ["rows": [["n": 1], ["n": 300]]]
    do {
      _ = try value.decode([String: [[String: UInt8]]].self)
      Issue.record("300 is not a UInt8")
    } catch DecodingError.dataCorrupted(let context) {
      #expect(context.codingPath.map(\.stringValue) == ["rows", "1", "n"])
    }
    do {
      _ = try value.decode([String: [[String: String]]].self)
      Issue.record("1 is not a String")
    } catch DecodingError.typeMismatch(_, let context) {
      #expect(context.debugDescription == "found int, expected a str")
    }
    #expect(throws: DecodingError.self) { try PickleValue.float(1).decode(Int.self) }
    #expect(throws: DecodingError.self) { try PickleValue.bool(true).decode(Int.self) }
    #expect(throws: DecodingError.self) { try PickleValue.none.decode(String.self) }
    #expect(throws: DecodingError.self) { try PickleValue.integer(UInt64.max).decode(Int.self) }
  }
}
