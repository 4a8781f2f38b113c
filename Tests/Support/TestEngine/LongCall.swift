import Foundation
import Martlet

/// A call with more elements than anybody wants to keep.
enum LongCall {
  /// Negates the numbers from 0 on, reads the results one after the other, and prints their sum at the end. At each of the
  /// given counts of results it prints the most memory, in bytes, that this process has occupied until then.
  ///
  /// - Parameter arguments: `stream`, `unordered`, `map` or `completed`, and the counts in ascending order, the last of which
  ///   is that of the numbers.
  static func run(_ client: Client, arguments: [String]) async throws {
    let counts = arguments.dropFirst().compactMap { Int($0) }
    guard let kind = arguments.first, let total = counts.last, counts.count == arguments.count - 1 else {
      throw ClusterError("usage: martlet-test-engine long stream|unordered|map|completed COUNT…")
    }
    let (view, negate) = (client.loadBalanced(), TestFunctions.negate)
    var reading = Reading(counts: counts)
    switch kind {
    case "stream": for try await value in try view.stream(negate, over: 0..<total) { reading.add(value) }
    case "unordered":
      for try await value in try view.stream(negate, over: 0..<total, isOrdered: false) { reading.add(value) }
    case "map": for try await value in try view.map(negate, 0..<total) { reading.add(value) }
    case "completed": for try await (_, value) in try view.map(negate, 0..<total).asCompleted { reading.add(value) }
    default: throw ClusterError("\(kind) is not a kind of call")
    }
    print("sum \(reading.sum)")
  }

  private struct Reading {
    let counts: [Int]
    private(set) var sum = 0
    private var count = 0

    init(counts: [Int]) { self.counts = counts }

    mutating func add(_ value: Int) {
      sum += value
      count += 1
      if counts.contains(count) { print("after \(count) \(LongCall.largestSize)") }
    }
  }

  /// The most memory, in bytes, that this process has occupied so far.
  private static var largestSize: Int {
    var usage = rusage()
    #if canImport(Darwin)
      getrusage(RUSAGE_SELF, &usage)
      return usage.ru_maxrss
    #else
      getrusage(.init(RUSAGE_SELF.rawValue), &usage)
      // In units of 1,024 bytes.
      return usage.ru_maxrss * 1024
    #endif
  }
}
