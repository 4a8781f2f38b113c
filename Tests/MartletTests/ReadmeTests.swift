import Foundation
import Testing

/// The README's programs compile unchanged.
@Suite(.timeLimit(.minutes(2))) struct ReadmeTests {
  @Test func swiftCompiles() throws {
    let compiler = try SwiftCompiler()
    let blocks = try Self.swiftBlocks(of: "README.md").filter { !$0.contains(".package(") }
    try #require(blocks.count >= 2)
    for block in blocks {
      let isProgram = block.contains("import Martlet")
      #expect(try compiler.errors(in: isProgram ? block : Self.context(of: block)) == [], "\(block)")
    }
  }

  /// Wraps a code fragment in the declarations that the README says precede it.
  private static func context(of block: String) -> String {
    """
    import Martlet
    let greet = RemoteFunction("greet") { "hi~" }
    let wordCount = RemoteFunction("wordCount") { (file: String) in ["word": file.count] }
    func program(_ client: Client, _ files: [String]) async throws {
    \(block)
    }
    """
  }

  private static func swiftBlocks(of file: String) throws -> [String] {
    try Repository.text(file).components(separatedBy: "```").enumerated()
      .filter { $0.offset % 2 == 1 && $0.element.hasPrefix("swift\n") }
      .map { String($0.element.dropFirst("swift\n".count)) }
  }
}
