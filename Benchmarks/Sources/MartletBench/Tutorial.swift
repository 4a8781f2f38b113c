import Foundation
import Martlet

/// Measures the cells of a first tutorial: the median of five runs of each, after a warm-up.
enum Tutorial {
  static func measure(_ client: Client, _ options: BenchOptions, into metrics: inout Metrics) async throws {
    let all = client.direct()
    let balanced = client.loadBalanced()
    let numbers = Array(0..<32)
    let squares = numbers.map { $0 * $0 }
    metrics["apply_all_ms"] = try await time(Array(repeating: "hi~", count: client.ids.count)) {
      try await all.apply(greet).value
    }
    if options.views.contains(.direct) {
      metrics["map32_direct_ms"] = try await time(squares) { try await all.map(square, numbers).value }
    }
    if options.views.contains(.loadbalanced) {
      metrics["map32_loadbalanced_ms"] = try await time(squares) { try await balanced.map(square, numbers).value }
      metrics["map32_loadbalanced_chunks_of_4_ms"] = try await time(squares) {
        try await balanced.map(square, numbers, chunkSize: 4).value
      }
    }
    let files = try WordFiles()
    let expected = try counted(files.paths.map(countWords))
    metrics["word_count_ms"] = try await time(expected) {
      counted(try await balanced.map(wordCount, files.paths).value)
    }
    metrics["map32_sequential_ms"] = try await time(squares) { numbers.map { $0 * $0 } }
    metrics["word_count_sequential_ms"] = try await time(expected) { try counted(files.paths.map(countWords)) }
  }

  private static func counted(_ counts: [[String: Int]]) -> [String: Int] {
    counts.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
  }

  /// The duration of a cell in milliseconds. Its result must be the expected one.
  private static func time<Value: Equatable>(
    _ expected: Value, _ cell: () async throws -> Value
  ) async throws -> Double {
    var times: [Duration] = []
    for _ in 0..<6 {
      let start = ContinuousClock.now
      let value = try await cell()
      times.append(ContinuousClock.now - start)
      guard value == expected else { throw BenchError("a tutorial cell gave a wrong result") }
    }
    return Array(times.dropFirst()).quantile(0.5).milliseconds
  }
}

/// Ten texts of 50,000 words from a vocabulary of 2,000, the same in every run. They are removed with the last reference to this object.
final class WordFiles {
  let paths: [String]
  private let folder: URL

  init(count: Int = 10, words: Int = 50_000) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "martlet-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var paths: [String] = []
    for index in 0..<count {
      var state = UInt64(index) &+ 1
      let text = (0..<words).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return "word\((state >> 33) % 2_000)"
      }
      let file = folder.appending(path: "text-\(index).txt")
      try text.joined(separator: " ").write(to: file, atomically: false, encoding: .utf8)
      paths.append(file.path)
    }
    self.paths = paths
  }

  deinit { try? FileManager.default.removeItem(at: folder) }
}
