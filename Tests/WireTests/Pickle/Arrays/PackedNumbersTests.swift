import Foundation
import MartletWire
import MartletZeroMQ
import Testing

@Suite("Packed numbers")
struct PackedNumbersTests {
  private func frames(_ value: some Encodable) throws -> [Bytes] {
    ResultBuffers.serialize(try PickleValue(encoding: value))
  }

  private func check<Element: NDArrayElement & Codable & Equatable>(_ values: [Element]) throws {
    let many = (0..<1000).map { values[$0 % values.count] }
    let packed = try frames(many)
    let size = packed.reduce(0) { $0 + $1.count }
    #expect(size < 1000 * MemoryLayout<Element>.size + 200)
    let value = try ResultBuffers.deserialize(packed).value
    #expect(try value.decode([Element].self) == many)
    #expect(value.typeName == "list")
    #expect(value.elements?.count == 1000)
    let plain = try PickleValue.list(many.map { try PickleValue(encoding: $0) })
    #expect(try value.decode(PickleValue.self) == plain)
    #expect(try plain.decode([Element].self) == many)
  }

  @Test("each type of number takes its own size and comes back")
  func types() throws {
    try check([1.5, -.infinity, 0])
    try check([1.5, -2] as [Float])
    try check([true, false])
    try check([Int.min, .max, 0])
    try check([Int64.min, .max])
    try check([Int32.min, .max])
    try check([Int16.min, .max])
    try check([Int8.min, .max])
    try check([UInt.max, 0])
    try check([UInt64.max, 0])
    try check([UInt32.max, 0])
    try check([UInt16.max, 0])
  }

  @Test("a packed list is read as other types, too")
  func conversions() throws {
    let value = try PickleValue(encoding: Array(0..<100))
    #expect(try value.decode([Double].self) == (0..<100).map(Double.init))
    #expect(try value.decode([UInt8].self) == Array(0..<100))
    #expect(try value.decode(Set<Int16>.self) == Set(0..<100))
    #expect(throws: DecodingError.self) { try PickleValue(encoding: Array(200..<300)).decode([Int8].self) }
    #expect(throws: DecodingError.self) { try value.decode([String].self) }
  }

  @Test("inside of other values")
  func nested() throws {
    let matrix = (0..<70).map { row in (0..<70).map { Double(row * $0) } }
    #expect(try ResultBuffers.deserialize(frames(matrix)).value.decode([[Double]].self) == matrix)
    let named = ["a": Array(0..<100), "b": []]
    let value = try ResultBuffers.deserialize(frames(named)).value
    #expect(try value.decode([String: [Int]].self) == named)
    #expect(try value.decode(PickleValue.self)["a"]?.decode([Int].self) == Array(0..<100))
  }

  @Test("an array.array of Python's, in both byte orders")
  func pythonArrays() throws {
    func array(_ code: String, _ format: Int, _ bytes: [UInt8]) -> PickleValue {
      .record(
        PickleRecord(
          module: "array", name: "_array_reconstructor",
          args: [
            .global(module: "array", name: "array"), .string(code), .int(format), .bytes(Bytes(bytes)),
          ]))
    }
    #expect(try array("i", 8, [1, 0, 0, 0, 255, 255, 255, 255]).decode([Int32].self) == [1, -1])
    #expect(try array("i", 9, [0, 0, 0, 1]).decode([Int].self) == [1])
    #expect(try array("b", 1, [255]).decode([Int].self) == [-1])
    #expect(try array("B", 0, [255]).decode([Double].self) == [255])
    #expect(throws: DecodingError.self) { try array("d", 16, [1]).decode([Double].self) }
    #expect(throws: DecodingError.self) { try array("u", 20, [1]).decode([Int].self) }
    #expect(throws: DecodingError.self) { try array("d", .max, [1]).decode([Int].self) }
    #expect(throws: DecodingError.self) { try array("d", .min, [1]).decode([Int].self) }
  }

  @Test("more numbers than a pickle may have values")
  func many() throws {
    let numbers = [Int32](repeating: 7, count: 10_000_001)
    #expect(try ResultBuffers.deserialize(frames(numbers)).value.decode([Int32].self) == numbers)
  }

  @Test("what no receiver would accept is refused before it is sent, with a way out")
  func limits() throws {
    do {
      _ = try PickleValue(encoding: [String](repeating: "", count: 10_000_000))
      Issue.record("there is a limit")
    } catch EncodingError.invalidValue(_, let context) {
      #expect(context.debugDescription.contains("[Double]"))
    }
    struct Chain: Codable { var next: [Chain] }
    var chain = Chain(next: [])
    for _ in 0..<600 { chain = Chain(next: [chain]) }
    do {
      _ = try PickleValue(encoding: chain)
      Issue.record("there is a limit")
    } catch EncodingError.invalidValue(_, let context) {
      #expect(context.debugDescription.contains("flat"))
    }
  }
}
