import Foundation
import Testing

/// `import Martlet` makes visible `ClusterProgram` and the names listed in `Martlet.swift`, and nothing else in this
/// package.
@Suite(.timeLimit(.minutes(2))) struct PublicFaceTests {
  private static let modules = [
    "MartletZeroMQ", "MartletWire", "MartletController", "MartletEngine", "MartletClient", "MartletActors",
    "MartletCluster",
  ]

  /// The listed names by module.
  private let listed: [String: Set<String>]
  private let compiler: SwiftCompiler
  private let graphs: [String: SymbolGraph]

  init() throws {
    listed = try Repository.exportedNames()
    compiler = try SwiftCompiler()
    graphs = try Product.symbolGraphs.get().filter { Self.modules.contains($0.key) }
  }

  @Test func noOtherNameIsBrought() throws {
    let names = Set(
      graphs.values.flatMap { $0.symbols.filter { $0.pathComponents.count == 1 }.map(\.pathComponents[0]) }
    )
    .filter { $0.allSatisfy { $0.isLetter || $0.isNumber } }.sorted()
    try #require(names.count > 80)
    let source = (["import Martlet"] + names.map { "let _\($0) = \($0).self" }).joined(separator: "\n")
    let unknown = Set(
      try compiler.errors(in: source).filter { $0.text.hasPrefix("cannot find") }.map { names[$0.line - 2] })
    #expect(Set(names).subtracting(unknown) == listed.values.reduce(into: []) { $0.formUnion($1) })
  }

  @Test func whatListedTypesMentionIsListed() throws {
    var declared: [String: String] = [:]
    for (_, graph) in graphs {
      for symbol in graph.symbols { declared[symbol.identifier.precise] = symbol.pathComponents[0] }
    }
    let all = listed.values.reduce(into: Set<String>()) { $0.formUnion($1) }
    var missing: Set<String> = []
    for (module, graph) in graphs {
      for symbol in graph.symbols where listed[module, default: []].contains(symbol.pathComponents[0]) {
        for fragment in symbol.declarationFragments ?? [] where fragment.kind == "typeIdentifier" {
          guard let type = fragment.preciseIdentifier.flatMap({ declared[$0] }), !all.contains(type) else { continue }
          missing.insert("\(symbol.pathComponents.joined(separator: ".")) mentions \(type)")
        }
      }
    }
    #expect(missing.sorted() == [])
  }
}
