/// The public declarations and conformances of some modules, a line each, sorted.
struct PublicInterface {
  let lines: [String]

  /// - Parameters:
  ///   - graphs: What the modules declare.
  ///   - isVisible: Whether users see a type of these modules, by its name. Members of other modules' types are always
  ///     seen.
  init(_ graphs: [SymbolGraph], isVisible: (String) -> Bool = { _ in true }) {
    let symbols = graphs.flatMap(\.symbols)
    let names = Dictionary(
      symbols.map { ($0.identifier.precise, $0.pathComponents) }, uniquingKeysWith: { first, _ in first })
    let own = Set(names.values.filter { $0.count == 1 }.map { $0[0] })
    func isSeen(_ path: [String]) -> Bool { !own.contains(path[0]) || isVisible(path[0]) }

    var lines: Set<String> = []
    for symbol in symbols where isSeen(symbol.pathComponents) {
      let declaration = (symbol.declarationFragments ?? []).map(\.spelling).joined()
        .split(whereSeparator: \.isWhitespace).joined(separator: " ")
      let constraints = Self.clause(symbol.swiftExtension?.constraints)
      lines.insert("\(symbol.pathComponents.joined(separator: "."))  \(declaration)\(constraints)")
    }
    for relationship in graphs.flatMap(\.relationships) where relationship.kind == "conformsTo" {
      guard let type = names[relationship.source], isSeen(type),
        let target = names[relationship.target]?.joined(separator: ".") ?? relationship.targetFallback,
        !Self.implied.contains(target)
      else { continue }
      let constraints = Self.clause(relationship.swiftConstraints)
      lines.insert("\(type.joined(separator: "."))  : \(target)\(constraints)")
    }
    self.lines = lines.sorted()
  }

  /// Protocols to which the compiler makes almost every type conform.
  private static let implied: Set<String> = ["Swift.Copyable", "Swift.Escapable", "Swift.SendableMetatype"]

  private static func clause(_ constraints: [SymbolGraph.Constraint]?) -> String {
    guard let constraints, !constraints.isEmpty else { return "" }
    return " [where \(constraints.map(\.description).sorted().joined(separator: ", "))]"
  }
}
