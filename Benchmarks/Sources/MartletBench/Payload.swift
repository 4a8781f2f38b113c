import Foundation
import Martlet

/// Measures bytes through one engine: both ways, both ways as `Data`, to the engine only, and from the engine only.
enum Payload {
  static func measure(_ client: Client, _ options: BenchOptions, into metrics: inout Metrics) async throws {
    let engine = client[0]
    var size = options.minPayload
    while size <= options.maxPayload {
      let data = Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) })
      let bytes = Bytes(data)
      guard try await engine.apply(echo, bytes).value == bytes, try await engine.apply(echoData, data).value == data
      else { throw BenchError("the payload came back changed") }
      // A controller keeps the last 1,024 tasks or one gibibyte. Until it has as much, it takes fresh memory from the kernel.
      metrics["payload_filling_\(size)_gb_per_s"] = try await rate(2 * size, min(1024, (1 << 29) / size)) {
        _ = try await engine.apply(echo, bytes).value
      }
      let rounds = max(3, min(500, 300_000_000 / size))
      metrics["payload_\(size)_gb_per_s"] = try await rate(2 * size, rounds) {
        _ = try await engine.apply(echo, bytes).value
      }
      // Metrics that no other row has get a third of the round trips.
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

  /// Gigabytes per second of calls, one at a time, that move a number of bytes each.
  private static func rate(_ bytes: Int, _ rounds: Int, _ call: () async throws -> Void) async throws -> Double {
    try await call()
    let time = try await ContinuousClock().measure {
      for _ in 0..<rounds { try await call() }
    }
    return Double(bytes) * Double(rounds) / time.seconds / 1e9
  }
}

/// Why a measurement can't be trusted.
struct BenchError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
