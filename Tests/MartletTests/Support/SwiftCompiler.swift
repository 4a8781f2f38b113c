import Foundation
import Testing

/// The compiler from the toolchain that built the tests. Only the compiler knows which names a module exposes.
struct SwiftCompiler {
  /// The build products folder, such as `.build/debug`.
  private let products: URL
  /// The compiler options needed to import a module of this package.
  private let searchPaths: [String]

  init() throws {
    products = try #require(Self.productFolder, "the folder of built modules was not found")
    let checkouts = try #require(Self.checkouts(near: products), "the folder of checked-out packages was not found")
    searchPaths =
      ["-I", products.appendingPathComponent("Modules").path, "-I", Repository.path("Sources/CZeroMQ")]
      + Self.moduleMaps(in: checkouts).flatMap { ["-Xcc", "-fmodule-map-file=\($0)"] }
  }

  /// The errors in a source file, described as `line: text`; empty if it compiles.
  func errors(in source: String) throws -> [Diagnostic] {
    let folder = try TemporaryFolder()
    let file = try folder.write(source, to: "main.swift")
    let result = try Self.run(["swiftc", "-typecheck", "-parse-as-library", "-swift-version", "6", file] + searchPaths)
    let errors = result.output.split(separator: "\n").compactMap { Diagnostic(String($0), file: file) }
    if result.status != 0, errors.isEmpty { throw CompilerFailure(output: result.output) }
    return errors
  }

  /// The public symbols of a module, those that it adds to other modules' types too.
  func symbolGraph(of module: String) throws -> SymbolGraph {
    let folder = try TemporaryFolder()
    let result = try Self.run(
      [
        "swift-symbolgraph-extract", "-module-name", module, "-output-dir", folder.path, "-minimum-access-level",
        "public",
        "-skip-synthesized-members", "-target", try target(),
      ] + searchPaths)
    guard result.status == 0 else { throw CompilerFailure(output: result.output) }
    // One file for the module, and one for each module whose types it extends: `MartletWire@Swift.symbols.json`.
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }
      .sorted()
    return try files.reduce(into: SymbolGraph()) { graph, file in
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(file)"))
      let part = try JSONDecoder().decode(SymbolGraph.self, from: data)
      graph.symbols += part.symbols
      graph.relationships += part.relationships
    }
  }

  private func target() throws -> String {
    struct Info: Decodable {
      struct Target: Decodable { let triple: String }
      let target: Target
    }
    let result = try Self.run(["swiftc", "-print-target-info"])
    return try JSONDecoder().decode(Info.self, from: Data(result.output.utf8)).target.triple
  }

  /// Runs a command to completion and combines its standard output and standard error.
  static func run(_ command: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }

  /// The path to one of this package's executables.
  static func product(_ name: String) throws -> String {
    try #require(productFolder, "the folder of built modules was not found").appendingPathComponent(name).path
  }

  /// The folder that contains the test program, or the test bundle on platforms that have one.
  private static var productFolder: URL? {
    let candidates =
      [Bundle.main.bundleURL]
      + Bundle.allBundles.map { $0.bundleURL.deletingLastPathComponent() }
      + CommandLine.arguments.prefix(1).map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
    return candidates.first { FileManager.default.fileExists(atPath: $0.appendingPathComponent("Modules").path) }
  }

  private static func checkouts(near products: URL) -> URL? {
    var folder = products.resolvingSymlinksInPath()
    while folder.path != "/" {
      let checkouts = folder.appendingPathComponent("checkouts")
      if FileManager.default.fileExists(atPath: checkouts.path) { return checkouts }
      folder.deleteLastPathComponent()
    }
    return nil
  }

  /// The module maps of other packages' C targets. Test targets are excluded because their module names collide.
  private static func moduleMaps(in checkouts: URL) -> [String] {
    let files = FileManager.default
    let packages = (try? files.contentsOfDirectory(atPath: checkouts.path)) ?? []
    return packages.flatMap { package -> [String] in
      let sources = checkouts.appendingPathComponent("\(package)/Sources").path
      let targets = (try? files.contentsOfDirectory(atPath: sources)) ?? []
      return targets.flatMap { ["\(sources)/\($0)/module.modulemap", "\(sources)/\($0)/include/module.modulemap"] }
    }
    .filter { files.fileExists(atPath: $0) }
  }
}

/// A compiler error.
struct Diagnostic: Hashable, CustomStringConvertible {
  /// One-based.
  let line: Int
  let text: String

  init?(_ output: String, file: String) {
    guard output.hasPrefix("\(file):") else { return nil }
    let parts = output.dropFirst(file.count + 1).split(separator: ":", maxSplits: 2)
    guard parts.count == 3, let line = Int(parts[0]), parts[2].hasPrefix(" error: ") else { return nil }
    self.line = line
    text = String(parts[2].dropFirst(" error: ".count))
  }

  var description: String { "\(line): \(text)" }
}

/// The compiler failed to produce a result.
struct CompilerFailure: Error {
  let output: String
}
