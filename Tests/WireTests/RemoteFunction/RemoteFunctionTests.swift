import Testing

@testable import MartletWire
@testable import MartletZeroMQ

@Suite struct RemoteFunctionTests {
  private struct Point: Codable, Equatable {
    var x: Int
    var y: Int
  }

  private struct Failure: Error {}

  private func call(_ function: any RemoteCallable, _ arguments: PickleValue...) async throws -> PickleValue {
    try await function.call(CallArguments(arguments))
  }

  private func message(_ body: () async throws -> Void) async -> String {
    do {
      try await body()
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  @Test func anyNumberOfArguments() async throws {
    #expect(try await call(RemoteFunction("none") { () -> Int in 7 }) == .int(7))
    #expect(try await call(RemoteFunction("one") { (a: Int) in a + 1 }, .int(1)) == .int(2))
    #expect(
      try await call(
        RemoteFunction("two") { (a: String, b: Int) in String(repeating: a, count: b) }, .string("ab"), .int(2))
        == .string("abab"))
    #expect(
      try await call(
        RemoteFunction("three") { (a: Double, b: Bool, c: Int?) in b ? a : Double(c ?? 0) }, .float(1.5), .bool(false),
        .none)
        == .float(0))
    #expect(
      try await call(
        RemoteFunction("four") { (a: [Int], b: [String: Int], c: Int, d: Int) in a + [b["x"] ?? 0, c, d] },
        .list([.int(1)]), try PickleValue(encoding: ["x": 2]), .int(3), .int(4))
        == .list([.int(1), .int(2), .int(3), .int(4)]))
  }

  @Test func syncAsyncAndThrowing() async throws {
    #expect(
      try await call(
        RemoteFunction("async") { (a: Int) async -> Int in
          await Task.yield()
          return a
        }, .int(3)) == .int(3))
    await #expect(throws: Failure.self) {
      try await call(RemoteFunction("throws") { (a: Int) throws -> Int in throw Failure() }, .int(3))
    }
  }

  @Test func codableStructures() async throws {
    let mirror = RemoteFunction("mirror") { (point: Point) in Point(x: point.y, y: point.x) }
    let result = try await call(mirror, try PickleValue(encoding: Point(x: 1, y: 2)))
    #expect(try result.decode(Point.self) == Point(x: 2, y: 1))
  }

  @Test func signatures() {
    #expect(RemoteFunction("f") { () -> Int in 1 }.signature == "() -> Int")
    #expect(
      RemoteFunction("f") { (_: String, _: [Double]) -> [String: Int] in [:] }.signature
        == "(String, Array<Double>) -> Dictionary<String, Int>")
  }

  @Test func errorsNameFunctionAndTypes() async {
    let add = RemoteFunction("add") { (a: Int, b: Int) in a &+ b }
    #expect(
      await message { _ = try await call(add, .int(1)) } == "add(Int, Int) -> Int takes 2 arguments, got 1")
    #expect(
      await message { _ = try await call(add, .int(1), .int(2), .int(3)) }
        == "add(Int, Int) -> Int takes 2 arguments, got 3")
    let keywords = await message {
      _ = try await add.call(CallArguments([.int(1), .int(2)], keywords: [("c", .int(3)), ("d", .none)]))
    }
    #expect(keywords.contains("got 2 and the keywords c, d, which Swift functions don't take"))
    let mismatch = await message { _ = try await call(add, .int(1), .string("x")) }
    #expect(mismatch.hasPrefix("add(Int, Int) -> Int: argument 2 should be Int, got str"))
  }

  @Test func argumentsAreCheckedBeforeTheCall() async {
    let function = RemoteFunction("f") { (a: Int, b: UInt8) -> Int in
      Issue.record("called with \(a) and \(b)")
      return 0
    }
    await #expect(throws: ArgumentError.self) { try await call(function, .int(1), .int(256)) }
  }
}
