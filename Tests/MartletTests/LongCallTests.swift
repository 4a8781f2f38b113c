import Foundation
import Testing

/// Calls with many elements, made by a process of its own, whose memory doesn't grow with their number.
@Suite(.timeLimit(.minutes(60))) struct LongCallTests {
  /// How many elements there are: what takes half a minute in a debug build, or `LONG_CALL_COUNT`.
  private static let count = ProcessInfo.processInfo.environment["LONG_CALL_COUNT"].flatMap { Int($0) } ?? 30_000

  @Test(arguments: ["stream", "map"]) func memoryDoesNotGrow(_ kind: String) throws {
    let folder = try TemporaryFolder()
    let (early, late) = (Self.count / 10, Self.count)
    let end = try SwiftCompiler.run([
      "IPYTHONDIR=\(folder.path)", try SwiftCompiler.product("martlet-test-engine"), "--engines", "2", "long", kind,
      "\(early)", "\(late)",
    ])
    #expect(end.status == 0, "\(end.output)")
    let lines = end.output.split(separator: "\n").map { $0.split(separator: " ") }
    #expect(lines.last == ["sum", "\(-late * (late - 1) / 2)"], "\(end.output)")
    let sizes = lines.filter { $0.first == "after" }.compactMap { $0.last.flatMap { Int($0) } }
    try #require(sizes.count == 2, "\(end.output)")
    // A reply takes a kilobyte or more. A map keeps the numbers of the tasks that have ended, 8 bytes each with room to grow.
    #expect(sizes[1] - sizes[0] < 6_000_000 + 24 * (late - early), "\(end.output)")
  }
}
