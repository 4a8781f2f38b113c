import Foundation
import Testing

/// What CONTRIBUTING.md says about the sources, as far as a text shows it.
@Suite struct HouseRulesTests {
  /// A source file.
  struct Source {
    /// From the repository's root.
    let path: String
    /// Without comments.
    let code: [String]
    let text: String

    func isIn(_ folder: String) -> Bool { path.hasPrefix("Sources/\(folder)/") }
  }

  private static let sources = Result { try Repository.swiftFiles(in: "Sources").map(source) }

  private static func source(_ path: String) throws -> Source {
    let text = try Repository.text(path)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let code = lines.filter { !$0.drop { $0 == " " }.hasPrefix("//") }.map(String.init)
    return Source(path: path, code: code, text: text)
  }

  /// The places where code matches a pattern, apart from some files.
  private func places(
    _ pattern: String, except isLeftOut: (Source) -> Bool = { _ in false }
  ) throws -> [String] {
    let pattern = try Regex(pattern)
    return try Self.sources.get().filter { !isLeftOut($0) }.flatMap { source in
      source.code.filter { $0.contains(pattern) }.map { "\(source.path): \($0)" }
    }
  }

  @Test func filesAreShort() throws {
    let sources = try Self.sources.get()
    #expect(sources.count > 100)
    let long = sources.filter { $0.text.split(separator: "\n", omittingEmptySubsequences: false).count > 251 }
    #expect(long.map(\.path) == [])
  }

  @Test func nothingEndsTheProcessOnPurpose() throws {
    #expect(try places(#"\btry!|\bas!|\bfatalError\(|\bpreconditionFailure\("#) == [])
  }

  @Test func pointersStayInOneFolder() throws {
    #expect(try places(#"\bUnsafe(Mutable)?(Raw)?(Buffer)?Pointer\b|\bUnmanaged\b"#) { $0.isIn("ZeroMQ") } == [])
    #expect(try places(#"\bimport CMartletZeroMQ\b"#) { $0.isIn("ZeroMQ") } == [])
  }

  @Test func uncheckedSendableIsProved() throws {
    #expect(try places(#"@unchecked Sendable|nonisolated\(unsafe\)"#) { $0.isIn("ZeroMQ") } == [])
    for source in try Self.sources.get() where source.code.contains(where: { $0.contains("@unchecked Sendable") }) {
      #expect(source.text.contains("/// `@unchecked Sendable`: "), "\(source.path) doesn't prove it")
    }
  }

  @Test func stateMachinesHaveNoSockets() throws {
    #expect(
      try places(#"\bimport (MartletZeroMQ|Foundation)\b"#) {
        !$0.isIn("Controller/Scheduling") && !$0.isIn("Controller/Collections")
      } == [])
  }

  @Test func importsPointOneWay() throws {
    let later = ["Controller", "Engine", "Client", "Actors", "Cluster", "Testing"]
    let forbidden = [
      "ZeroMQ": ["Wire", "Tunnels"] + later, "Wire": ["Tunnels"] + later, "Tunnels": later,
      "Controller": ["Engine", "Client", "Actors", "Cluster", "Testing"],
      "Engine": ["Controller", "Client", "Actors", "Cluster", "Testing"],
      "Client": ["Controller", "Engine", "Actors", "Cluster", "Testing"],
      "Actors": ["Controller", "Cluster", "Testing"], "Cluster": ["Testing"],
    ]
    for (folder, modules) in forbidden {
      #expect(try places(#"\bimport Martlet(\#(modules.joined(separator: "|")))\b"#) { !$0.isIn(folder) } == [])
      #expect(try places(#"\bimport Martlet$"#) { !$0.isIn(folder) } == [])
    }
  }

  /// Turns that a reader stumbles over: "for ever", and "is no" instead of "is not a".
  @Test func wordsAreIdiomatic() throws {
    let texts = try ["README.md", "CONTRIBUTING.md", "Protocol.md"].map { ($0, try Repository.text($0)) }
    for (path, text) in try Self.sources.get().map({ ($0.path, $0.text) }) + texts {
      let turns = text.matches(of: /\bfor ever\b|(\S+) (?:is|are) no (\w+)/).filter { turn in
        guard let before = turn.1, let after = turn.2 else { return true }
        let isIdiom = ["longer", "more", "other", "less", "later", "one"].contains(after)
        return !isIdiom && !before.lowercased().hasSuffix("there")
      }
      #expect(turns.map { String($0.0) } == [], "\(path)")
    }
  }

  @Test func nothingIsLeftForLater() throws {
    let notes = try Self.sources.get().filter { $0.text.contains(/\b(TODO|FIXME|XXX)\b/) }
    #expect(notes.map(\.path) == [])
  }
}
