import Foundation
import Testing

/// The code in README and in the articles compiles unchanged.
@Suite(.timeLimit(.minutes(5))) struct DocumentationTests {
  private static let catalogue = "Sources/Martlet/Martlet.docc"

  /// The README and the articles.
  static var texts: [String] {
    get throws {
      let articles = try FileManager.default.contentsOfDirectory(atPath: Repository.path(catalogue)).sorted()
      return ["README.md"] + articles.filter { $0.hasSuffix(".md") }.map { "\(catalogue)/\($0)" }
    }
  }

  @Test func thereAreArticles() throws { #expect(try Self.texts.count > 10) }

  /// Code of no language would not be compiled.
  @Test(arguments: try texts) func everyBlockNamesItsLanguage(_ file: String) throws {
    let languages = try Self.blocks(of: file).map(\.language)
    #expect(Set(languages).subtracting(["swift", "sh", "python", "yaml", "ini"]) == [])
  }

  /// The lines of a manifest are the same everywhere: `PackageTests` builds a package with them.
  @Test func manifestsAreThatOfTheReadme() throws {
    let manifests = try Self.texts.flatMap { try Self.swiftBlocks(of: $0).filter(Self.isManifest) }.map { block in
      block.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        .filter { $0.hasPrefix(".package(") || $0.hasPrefix(".product(") }
    }
    #expect(manifests.count >= 2 && Set(manifests).count == 1)
  }

  @Test(arguments: try texts) func swiftCompiles(_ file: String) throws {
    let compiler = try SwiftCompiler()
    let blocks = try Self.swiftBlocks(of: file).filter { !Self.isManifest($0) }
    let programs = blocks.filter { $0.contains("import Martlet") }
    let fragments = blocks.filter { !$0.contains("import Martlet") }
    for source in programs + (fragments.isEmpty ? [] : [Self.joined(fragments)]) {
      let errors = try compiler.errors(in: source)
      #expect(errors == [], "\(errors.map { "\($0)" }.joined(separator: "\n"))\n\(source)")
    }
  }

  @Test func linksLeadToArticles() throws {
    let names = Set(try Self.texts.map { String($0.split(separator: "/").last?.dropLast(".md".count) ?? "") })
    let links = try Repository.text("\(Self.catalogue)/Martlet.md").matches(of: /<doc:(\w+)>/).map { String($0.1) }
    #expect(Set(links) == names.subtracting(["Martlet", "README"]))
  }

  /// Code fragments as the bodies of functions, after what the texts say precedes them.
  private static func joined(_ fragments: [String]) -> String {
    let functions = fragments.enumerated().map { index, fragment in
      """
      func fragment\(index)(_ client: Client, _ files: [String]) async throws {
      \(fragment)
      }
      """
    }
    return """
      import Martlet
      let greet = RemoteFunction("greet") { "hi~" }
      let wordCount = RemoteFunction("wordCount") { (file: String) in ["word": file.count] }
      \(functions.joined(separator: "\n"))
      """
  }

  /// Whether a block is a package's manifest, or has nothing but lines of one, which are not code by themselves.
  private static func isManifest(_ block: String) -> Bool {
    let beginnings = [".package(", ".product(", "//"]
    return block.hasPrefix("// swift-tools-version")
      || block.split(separator: "\n").allSatisfy { line in beginnings.contains { line.hasPrefix($0) } }
  }

  private static func swiftBlocks(of file: String) throws -> [String] {
    try blocks(of: file).filter { $0.language == "swift" }.map(\.code)
  }

  private static func blocks(of file: String) throws -> [(language: String, code: String)] {
    try Repository.text(file).components(separatedBy: "```").enumerated().filter { $0.offset % 2 == 1 }.map { block in
      let parts = block.element.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
      return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
    }
  }
}
