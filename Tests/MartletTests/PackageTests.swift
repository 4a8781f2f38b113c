import Foundation
import Testing

/// Target names must be unique across all packages in a build.
@Suite(.timeLimit(.minutes(2))) struct PackageTests {
  @Test func targetsOfProductsHaveNamesOfTheirOwn() throws {
    let folder = try TemporaryFolder()
    let result = try SwiftCompiler.run([
      "swift", "package", "--package-path", Repository.path(""), "--scratch-path", folder.path, "dump-package",
    ])
    let json = try #require(result.output.firstIndex(of: "{").map { result.output[$0...] }, "\(result.output)")
    let manifest = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    let targets = try #require(manifest["targets"] as? [[String: Any]])
    let products = try #require(manifest["products"] as? [[String: Any]])
    var found: Set<String> = []
    var open = products.flatMap { $0["targets"] as? [String] ?? [] }
    while let name = open.popLast() {
      guard let target = targets.first(where: { $0["name"] as? String == name }), found.insert(name).inserted else {
        continue
      }
      // `{"byName": ["MartletWire", null]}`
      let dependencies = target["dependencies"] as? [[String: [Any]]] ?? []
      open += dependencies.flatMap { $0.values.compactMap { $0.first as? String } }
    }
    #expect(found.count >= 9)
    #expect(found.filter { !$0.hasPrefix("Martlet") && !$0.hasPrefix("CMartlet") } == [])
  }
}
