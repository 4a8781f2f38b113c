import Foundation
import Testing

/// Users build on what a library product declares: each declaration is written down in `Tests/API`, so that none
/// changes unnoticed.
@Suite(.timeLimit(.minutes(2))) struct PublicInterfaceTests {
  /// A library product, and the modules whose declarations it brings.
  struct Product: CustomTestStringConvertible {
    let name: String
    let modules: [String]
    /// Whether of the modules, except the one of its own name, only the types are brought that it exports by name.
    var exportsByName = false

    var testDescription: String { name }
  }

  private static let products = [
    Product(
      name: "Martlet",
      modules: [
        "Martlet", "MartletZeroMQ", "MartletWire", "MartletController", "MartletEngine", "MartletClient",
        "MartletActors", "MartletCluster",
      ], exportsByName: true),
    Product(name: "MartletTesting", modules: ["MartletTesting"]),
    Product(name: "MartletWire", modules: ["MartletWire", "MartletZeroMQ"]),
  ]

  /// `make api` sets `MARTLET_API=write`, which renews the files.
  @Test(arguments: products) func declarationsAreThoseWrittenDown(product: Product) throws {
    let compiler = try SwiftCompiler()
    let graphs = try product.modules.map { try compiler.symbolGraph(of: $0) }
    var exported: Set<String>?
    if product.exportsByName {
      let own = graphs[0].symbols.map { $0.pathComponents[0] }
      exported = try Repository.exportedNames().values.reduce(into: Set(own)) { $0.formUnion($1) }
    }
    let lines = PublicInterface(graphs) { exported?.contains($0) ?? true }.lines
    try #require(!lines.isEmpty)

    let file = "Tests/API/\(product.name).txt"
    if ProcessInfo.processInfo.environment["MARTLET_API"] == "write" {
      try (lines.joined(separator: "\n") + "\n").write(
        toFile: Repository.path(file), atomically: true, encoding: .utf8)
    }
    let written = try Repository.text(file).split(separator: "\n").map(String.init)
    let changes =
      Set(written).subtracting(lines).sorted().map { "- \($0)" }
      + Set(lines).subtracting(written).sorted().map { "+ \($0)" }
    #expect(
      changes.isEmpty,
      """
      The public interface of \(product.name) is not that of \(file). If this is meant, run `make api` and commit the file:
      \(changes.joined(separator: "\n"))
      """)
    let isSorted = written == written.sorted()
    #expect(isSorted, "\(file) is not sorted: run `make api`")
  }
}
