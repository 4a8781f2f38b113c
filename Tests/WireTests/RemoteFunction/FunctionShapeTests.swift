import Testing

@testable import MartletWire

@Suite("Functions of every shape")
struct FunctionShapeTests {
  enum Refusal: Error, Equatable { case negative(Int) }

  actor Counter {
    private var count = 0

    func add(_ number: Int) -> Int {
      count += number
      return count
    }

    func reset() { count = 0 }
  }

  private func call(_ function: any RemoteCallable, _ arguments: PickleValue...) async throws -> PickleValue {
    try await function.call(CallArguments(arguments))
  }

  private static func root(_ number: Int) throws(Refusal) -> Double {
    guard number >= 0 else { throw .negative(number) }
    return Double(number).squareRoot()
  }

  @Test("that throw errors of one type")
  func typedErrors() async throws {
    let closure = RemoteFunction("f") { (x: Int) throws(Refusal) -> Double in try Self.root(x) }
    #expect(try await call(closure, 4) == 2.0)
    await #expect(throws: Refusal.negative(-1)) { try await call(closure, -1) }
    await #expect(throws: Refusal.negative(-1)) { try await call(RemoteFunction("f", Self.root), -1) }
    let nothing = RemoteFunction("f") { (x: Int) async throws(Refusal) in _ = try Self.root(x) }
    #expect(try await call(nothing, 1) == .none)
    await #expect(throws: Refusal.negative(-1)) { try await call(nothing, -1) }
  }

  @Test("that return nothing or several values")
  func results() async throws {
    #expect(try await call(RemoteFunction("f") { (_: Int) in }, 1) == .none)
    let pair = RemoteFunction("f") { (x: Int) in (x, "b") }
    #expect(pair.signature == "(Int) -> TupleValue<Pack{Int, String}>")
    let value = try await call(pair, 1)
    #expect(value == .tuple([1, "b"]))
    let (number, text) = try value.decode(TupleValue<Int, String>.self).values
    #expect(number == 1 && text == "b")
    #expect(try PickleValue.list([1, "b"]).decode(TupleValue<Int, String>.self).values.1 == "b")
    #expect(throws: DecodingError.self) { try PickleValue.list([1]).decode(TupleValue<Int, String>.self) }
    #expect(throws: DecodingError.self) { try PickleValue.list([1, "b", 2]).decode(TupleValue<Int, String>.self) }
    let triple = RemoteFunction("f") { (x: Int) throws in (x, [1.5], String?.none) }
    #expect(try await call(triple, 1) == .tuple([1, [1.5], nil]))
    #expect(try value.decode(NoValue.self) == NoValue())
  }

  private static func split(_ text: String) throws(Refusal) -> (String, Int, Double, Bool) {
    if text.isEmpty { throw .negative(0) }
    return (text, text.count, 0.5, true)
  }

  @Test("that return up to six values")
  func longTuples() async throws {
    let split = RemoteFunction("f", Self.split)
    let value = try await call(split, "ab")
    #expect(value == .tuple(["ab", 2, 0.5, true]))
    let (text, count, half, isTrue) = try value.decode(TupleValue<String, Int, Double, Bool>.self).values
    #expect(text == "ab" && count == 2 && half == 0.5 && isTrue)
    await #expect(throws: Refusal.negative(0)) { try await call(split, "") }
    let five = RemoteFunction("f", concurrency: 2) { (x: Int) in (x, "b", 2.5, true, [x]) }
    #expect(try await call(five, 1) == .tuple([1, "b", 2.5, true, [1]]) && five.concurrency == 2)
    let six = RemoteFunction("f") { (x: Int) async throws in (x, "b", 2.5, true, [x], String?.none) }
    #expect(try await call(six, 1) == .tuple([1, "b", 2.5, true, [1], nil]))
  }

  /// Tuples are not types of their own that could be `Codable`.
  @Test("that take tuples, as values")
  func tuplesAsArguments() async throws {
    let sum = RemoteFunction("f") { (four: TupleValue<Int, Int, Int, Double>) in
      let (a, b, c, d) = four.values
      return Double(a + b + c) + d
    }
    #expect(try await call(sum, .tuple([1, 2, 3, 0.5])) == 6.5)
    #expect(try await call(sum, try PickleValue(encoding: TupleValue(1, 2, 3, 4.0))) == 10.0)
  }

  @Test("that are an actor's")
  func actors() async throws {
    let counter = Counter()
    let add = RemoteFunction("add", on: counter) { (counter: isolated Counter, x: Int) in counter.add(x) }
    let reset = RemoteFunction("reset", on: counter) { (counter: isolated Counter) in counter.reset() }
    #expect(try await call(add, 3) == 3)
    #expect(try await call(add, 4) == 7)
    #expect(try await call(reset) == .none)
    #expect(try await call(RemoteFunction("add") { (x: Int) in await counter.add(x) }, 1) == 1)
  }
}
