import Foundation
import MartletZeroMQ

/// A random tree of everything that is `Codable`.
indirect enum CodableTree: Codable, Equatable {
  case empty
  case bool(Bool)
  case ints([Int], Int8, UInt64, Int128, UInt128)
  case floats(Double, Float, [Double], [Float])
  case packed([Bool], [Int32], [UInt16], [Int8], [UInt64])
  case text(String, Character64)
  case bytes(Data, [UInt8], Bytes)
  case dates(Date, [Date])
  case optional(String??)
  case optionals([Int??], deep: Int????, [String: Bool??])
  case foundation(UUID, URL, Decimal, DateInterval, ClosedRange<Int>, Duration)
  case record(CodableRecord)
  case forwarded(Forwarding<Date>, Forwarding<[UInt8]>, Forwarding<[Int: CodableTree]>, Forwarding<[Double]>)
  case list([CodableTree])
  case byText([String: CodableTree])
  case byNumber([Int: CodableTree])
  case byBool([Bool: CodableTree])
  case byCase([CodableRecord.Kind: CodableTree])
  case maybe(CodableTree?)
  case set(Set<Double>)

  /// A tree of some depth.
  static func random(_ depth: Int, using random: inout some RandomNumberGenerator) -> CodableTree {
    var draw = Draw(random: random)
    defer { random = draw.random }
    return draw.tree(depth)
  }
}

/// A struct with every kind of property.
struct CodableRecord: Codable, Equatable {
  enum Kind: Int, Codable, CodingKeyRepresentable, CaseIterable {
    case small = 1
    case large = 12
  }

  var kind: Kind
  var maybe: Int?
  var nested: String??
  var date: Date?
  var numbers: [Double]?
  var next: [CodableRecord]
  var pairs: [Int: [String: Int]]
  var big: Int128
}

/// A type with a raw value.
struct Character64: RawRepresentable, Codable, Equatable { var rawValue: String }

/// Hands its coder on, as property wrappers and type erasers do, in one direction only.
struct Forwarding<Value: Codable & Equatable>: Codable, Equatable {
  var value: Value

  init(_ value: Value) { self.value = value }

  init(from decoder: any Decoder) throws { value = try Value(from: decoder) }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(value)
  }
}

private struct Draw<Random: RandomNumberGenerator> {
  var random: Random

  mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
  mutating func flag() -> Bool { Bool.random(using: &random) }
  mutating func bits() -> UInt64 { random.next() }

  /// Often short, sometimes as long as packed lists are.
  mutating func list<Element>(_ element: (inout Self) -> Element) -> [Element] {
    let count = int(0...9) == 0 ? int(60...70) : int(0...4)
    return (0..<count).map { _ in element(&self) }
  }

  mutating func maybe<Value>(_ value: (inout Self) -> Value) -> Value? { flag() ? value(&self) : nil }

  /// Any bit pattern but those of NaN, which is equal to nothing.
  mutating func double() -> Double {
    let special: [Double] = [0, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 3]
    if int(0...3) == 0 { return special[int(0...special.count - 1)] }
    let value = Double(bitPattern: bits())
    return value.isNaN ? 1.5 : value
  }

  mutating func number() -> Int { flag() ? int(-300...300) : Int(truncatingIfNeeded: bits()) }

  mutating func text() -> String {
    let scalars = ["a", "é", "\0", "\u{10FFFF}", "\"", "\\", "1", "e\u{301}", "\n"]
    return (0..<int(0...6)).map { _ in scalars[int(0...scalars.count - 1)] }.joined()
  }

  mutating func date() -> Date {
    switch int(0...5) {
    case 0: .distantPast
    case 1: .distantFuture
    case 2: Date(timeIntervalSince1970: Double(int(0...2_000_000_000_000)) / 1000)
    case 3: Date(timeIntervalSinceReferenceDate: double())
    default: Date(timeIntervalSinceReferenceDate: Double.random(in: -1e11...3e11, using: &random))
    }
  }

  mutating func record(_ depth: Int) -> CodableRecord {
    CodableRecord(
      kind: flag() ? .small : .large, maybe: maybe { $0.number() }, nested: maybe { $0.maybe { $0.text() } },
      date: maybe { $0.date() }, numbers: maybe { $0.list { $0.double() } },
      next: depth > 0 && flag() ? [record(depth - 1)] : [],
      pairs: [number(): [text(): number()]], big: Int128(truncatingIfNeeded: number()) * Int128(number()))
  }

  mutating func trees(_ depth: Int) -> [CodableTree] { (0..<int(0...3)).map { _ in tree(depth - 1) } }

  mutating func tree(_ depth: Int) -> CodableTree {
    switch int(0...(depth > 0 ? 20 : 13)) {
    case 0: .empty
    case 1: .bool(flag())
    case 2:
      .ints(
        list { $0.number() }, Int8(truncatingIfNeeded: bits()), bits(),
        Int128(bitPattern: UInt128(bits()) << 64 | UInt128(bits())), UInt128(bits()) << 64 | UInt128(bits()))
    case 3: .floats(double(), Float(double()), list { $0.double() }, list { Float($0.double()) })
    case 4:
      .packed(
        list { $0.flag() }, list { Int32(truncatingIfNeeded: $0.bits()) },
        list { UInt16(truncatingIfNeeded: $0.bits()) },
        list { Int8(truncatingIfNeeded: $0.bits()) }, list { $0.bits() })
    case 5: .text(text(), Character64(rawValue: text()))
    case 6:
      .bytes(
        Data(list { UInt8(truncatingIfNeeded: $0.bits()) }), list { UInt8(truncatingIfNeeded: $0.bits()) },
        Bytes(list { UInt8(truncatingIfNeeded: $0.bits()) }))
    case 7: .dates(date(), list { $0.date() })
    case 8: .optional(maybe { $0.maybe { $0.text() } })
    case 9:
      .optionals(
        list { $0.maybe { $0.maybe { $0.number() } } },
        deep: maybe { $0.maybe { $0.maybe { $0.maybe { $0.number() } } } },
        [text(): maybe { $0.maybe { $0.flag() } }])
    case 10:
      .foundation(
        UUID(), URL(string: "https://example.org/a?b=\(int(0...9))") ?? URL(filePath: "/"), Decimal(number()),
        DateInterval(start: Date(timeIntervalSinceReferenceDate: 12_345.678_9), duration: 0.123),
        min(0, number())...max(1, number()), .nanoseconds(number()))
    case 11: .record(record(3))
    case 12:
      .forwarded(
        Forwarding(date()), Forwarding(list { UInt8(truncatingIfNeeded: $0.bits()) }),
        Forwarding([number(): tree(depth - 1)]), Forwarding(list { $0.double() }))
    case 13: .set(Set(list { $0.double() }))
    case 14: .list(trees(depth))
    case 15: .byText(Dictionary(trees(depth).map { (text(), $0) }) { $1 })
    case 16: .byNumber(Dictionary(trees(depth).map { (number(), $0) }) { $1 })
    case 17: .byBool(Dictionary(trees(depth).map { (flag(), $0) }) { $1 })
    case 18: .byCase(Dictionary(trees(depth).map { (flag() ? .small : .large, $0) }) { $1 })
    case 19: .maybe(maybe { $0.tree(depth - 1) })
    default: .list([tree(depth - 1)])
    }
  }
}
