import Testing

/// Every public symbol has a `///` comment, as CONTRIBUTING.md demands; also where users don't see its type by name.
///
/// Two kinds of declarations need none of their own. What meets a requirement of a protocol that is documented there
/// inherits its comment, also where the compiler writes it: `description`, `init(rawValue:)`, `hash(into:)`. What a type
/// has from a protocol's extension is not listed at all.
@Suite(.timeLimit(.minutes(2))) struct PublicDocumentationTests {
  @Test func everyDeclarationHasAComment() throws {
    let graphs = try Product.symbolGraphs.get()
    let symbols = graphs.flatMap { module, graph in graph.symbols.map { (module, $0) } }
    try #require(symbols.count > 1000)
    let missing = symbols.filter { !hasComment($1) }.map { "\($0): \($1.pathComponents.joined(separator: "."))" }
    #expect(missing.isEmpty, "Public and without a comment:\n\(missing.sorted().joined(separator: "\n"))")
  }

  private func hasComment(_ symbol: SymbolGraph.Symbol) -> Bool {
    symbol.docComment?.lines.contains { !$0.text.allSatisfy(\.isWhitespace) } ?? false
  }
}
