/// The part of a symbol graph that shows a module's public declarations, and which types they mention.
struct SymbolGraph: Decodable {
  struct Symbol: Decodable {
    struct Identifier: Decodable { let precise: String }
    struct Kind: Decodable { let identifier: String }
    struct DocComment: Decodable {
      struct Line: Decodable { let text: String }
      let lines: [Line]
    }
    struct Fragment: Decodable {
      let kind: String
      let spelling: String
      let preciseIdentifier: String?
    }

    let identifier: Identifier
    let kind: Kind
    /// The names from the outermost type to this symbol.
    let pathComponents: [String]
    let declarationFragments: [Fragment]?
    /// The declaration's own comment or, if it has none, that of the protocol's requirement or the overridden
    /// declaration that it meets, from other modules, too.
    let docComment: DocComment?
    let swiftExtension: Extension?
  }

  /// What an extension with a `where` clause demands.
  struct Constraint: Decodable, CustomStringConvertible {
    let kind: String
    let lhs: String
    let rhs: String

    var description: String { "\(lhs)\(kind == "sameType" ? " ==" : ":") \(rhs)" }
  }

  struct Extension: Decodable { let constraints: [Constraint]? }

  struct Relationship: Decodable {
    let kind: String
    let source: String
    let target: String
    /// The target's name, with its module, if it belongs to another one.
    let targetFallback: String?
    let swiftConstraints: [Constraint]?
  }

  var symbols: [Symbol] = []
  var relationships: [Relationship] = []
}
