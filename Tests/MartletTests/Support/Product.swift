import Testing

/// A library product, and the modules whose declarations it brings.
struct Product: CustomTestStringConvertible {
  let name: String
  let modules: [String]
  /// Whether of the modules, except the one of its own name, only the types are brought that it exports by name.
  var exportsByName = false

  var testDescription: String { name }

  static let all = [
    Product(
      name: "Martlet",
      modules: [
        "Martlet", "MartletZeroMQ", "MartletWire", "MartletController", "MartletEngine", "MartletClient",
        "MartletActors", "MartletCluster",
      ], exportsByName: true),
    Product(name: "MartletTesting", modules: ["MartletTesting"]),
    Product(name: "MartletWire", modules: ["MartletWire", "MartletZeroMQ"]),
  ]

  /// The public symbols of the modules of all products, by module; read once, as it takes the compiler seconds.
  static let symbolGraphs: Result<[String: SymbolGraph], any Error> = Result {
    let compiler = try SwiftCompiler()
    return try Set(all.flatMap(\.modules)).reduce(into: [String: SymbolGraph]()) {
      $0[$1] = try compiler.symbolGraph(of: $1)
    }
  }

  /// What its modules declare, in their order.
  func graphs() throws -> [SymbolGraph] {
    let graphs = try Self.symbolGraphs.get()
    return try modules.map { try #require(graphs[$0]) }
  }
}
