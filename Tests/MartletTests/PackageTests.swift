import Foundation
import Testing

/// Target names must be unique across all packages in a build.
@Suite(.timeLimit(.minutes(5))) struct PackageTests {
  private func manifest() throws -> [String: Any] {
    let folder = try TemporaryFolder()
    let result = try SwiftCompiler.run([
      "swift", "package", "--package-path", Repository.path(""), "--scratch-path", folder.path, "dump-package",
    ])
    let json = try #require(result.output.firstIndex(of: "{").map { result.output[$0...] }, "\(result.output)")
    return try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
  }

  /// SwiftPM runs the program of a dependency in place of one with the same name, without a word.
  @Test func theCommandIsTheOnlyProgramThatOthersGet() throws {
    let products = try #require(try manifest()["products"] as? [[String: Any]])
    let programs = products.filter { ($0["type"] as? [String: Any])?.keys.contains("executable") ?? false }
    #expect(programs.map { $0["name"] as? String } == ["martlet"])
  }

  @Test func targetsOfProductsHaveNamesOfTheirOwn() throws {
    let manifest = try manifest()
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

  /// SwiftPM names a package by its folder, and refuses targets that have the name of one in another package.
  @Test func packagesDependOnACloneAsTheReadmeSays() throws {
    let names = ["Actors", "Client", "Cluster", "Controller", "Engine", "Tunnels", "Wire", "ZeroMQ"]
    let lines = try Repository.text("README.md").split(separator: "\n").map(String.init)
    let dependency = try #require(lines.first { $0.hasPrefix(".package(name: ") })
    let product = try #require(lines.first { $0.hasPrefix(".product(name: \"Martlet\"") })
    let folder = try TemporaryFolder()
    let files = FileManager.default
    try files.createSymbolicLink(atPath: "\(folder.path)/some-clone", withDestinationPath: Repository.path(""))
    for name in names {
      try files.createDirectory(atPath: "\(folder.path)/app/Sources/\(name)", withIntermediateDirectories: true)
      try folder.write("import Martlet\n", to: "app/Sources/\(name)/\(name).swift")
    }
    try folder.write(
      """
      // swift-tools-version: 6.1
      import PackageDescription
      let package = Package(
        name: "app", platforms: [.macOS(.v15)],
        dependencies: [
          \(dependency.replacing("../path/to/the/clone", with: "../some-clone"))
        ],
        targets: \(names).map { name in
          .target(
            name: name,
            dependencies: [
              \(product)
            ])
        })
      """, to: "app/Package.swift")
    // The same versions as here, which need not be fetched again.
    try? files.copyItem(atPath: Repository.path("Package.resolved"), toPath: "\(folder.path)/app/Package.resolved")
    let result = try SwiftCompiler.run([
      "swift", "package", "--package-path", "\(folder.path)/app", "--scratch-path", Repository.path(".build/outside"),
      "show-dependencies", "--format", "flatlist",
    ])
    #expect(result.status == 0 && result.output.contains("some-clone"), "\(result.output)")
    // What only tests need isn't a burden to others.
    let packages = result.output.split(separator: "\n")
    #expect(packages.contains("swift-log") && !packages.contains("swift-metrics"), "\(result.output)")
  }

  @Test func theManifestForBeginnersIsOne() throws {
    let text = try Repository.text("Sources/Martlet/Martlet.docc/GettingStarted.md")
    let blocks = text.components(separatedBy: "```").filter { $0.hasPrefix("swift\n// swift-tools-version") }
    #expect(blocks.count == 1)
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/Sources/Primes", withIntermediateDirectories: true)
    try folder.write(String(try #require(blocks.first).dropFirst("swift\n".count)), to: "Package.swift")
    let result = try SwiftCompiler.run(["swift", "package", "--package-path", folder.path, "dump-package"])
    #expect(result.status == 0 && result.output.contains("\"Primes\""), "\(result.output)")
  }
}
