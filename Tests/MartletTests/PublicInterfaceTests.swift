import Foundation
import Testing

/// Users build on what a library product declares: each declaration is written down in `Tests/API`, so that none
/// changes unnoticed.
@Suite(.timeLimit(.minutes(2))) struct PublicInterfaceTests {
  /// `make api` sets `MARTLET_API=write`, which renews the files.
  @Test(arguments: Product.all) func declarationsAreThoseWrittenDown(product: Product) throws {
    let graphs = try product.graphs()
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
