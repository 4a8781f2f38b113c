import Foundation
import Martlet

/// Bytes through one engine: there and back, the same as `Data`, there only, and back only.
enum Payload {
  static func measure(_ client: Client, _ options: BenchOptions, into metrics: inout Metrics) async throws {
    let engine = client[0]
    var size = options.minPayload
    while size <= options.maxPayload {
      let data = Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) })
      let bytes = Bytes(data)
      guard try await engine.apply(echo, bytes).value == bytes, try await engine.apply(echoData, data).value == data
      else { throw BenchError("the payload came back changed") }
      // A controller keeps 1,024 tasks or a gibibyte of what passed, and the memory for it is the kernel's until then.
      metrics["payload_filling_\(size)_gb_per_s"] = try await rate(2 * size, min(1024, (1 << 29) / size)) {
        _ = try await engine.apply(echo, bytes).value
      }
      let rounds = max(3, min(500, 300_000_000 / size))
      metrics["payload_\(size)_gb_per_s"] = try await rate(2 * size, rounds) {
        _ = try await engine.apply(echo, bytes).value
      }
      // What no other row measures has a third of the round trips.
      let fewer = (rounds + 2) / 3
      metrics["payload_data_\(size)_gb_per_s"] = try await rate(2 * size, fewer) {
        _ = try await engine.apply(echoData, data).value
      }
      metrics["payload_send_\(size)_gb_per_s"] = try await rate(size, fewer) {
        _ = try await engine.apply(swallow, bytes).value
      }
      metrics["payload_receive_\(size)_gb_per_s"] = try await rate(size, fewer) {
        _ = try await engine.apply(name: produce.name, args: [.int(size)], as: Bytes.self).value
      }
      size *= 10
    }
  }

  /// Gigabytes a second of calls that move a number of bytes each, one at a time.
  private static func rate(_ bytes: Int, _ rounds: Int, _ call: () async throws -> Void) async throws -> Double {
    try await call()
    let time = try await ContinuousClock().measure {
      for _ in 0..<rounds { try await call() }
    }
    return Double(bytes) * Double(rounds) / time.seconds / 1e9
  }
}

/// A measurement that can't be trusted, in words.
struct BenchError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
