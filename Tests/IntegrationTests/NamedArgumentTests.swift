import MartletClient
import MartletEngine
import MartletTesting
import MartletWire
import Synchronization
import Testing

extension IntegrationTests {
  /// Arguments that are names of values on the engine.
  @Suite struct NamedArgumentTests {
    /// Numbers that count how often they are decoded.
    private struct Table: Codable, Sendable, RemoteArgument {
      static let decodings = Mutex<[String: Int]>([:])

      let name: String
      let numbers: [Int]

      init(_ name: String, _ numbers: [Int]) { (self.name, self.numbers) = (name, numbers) }

      init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let name = try container.decode(String.self, forKey: .name)
        self.name = name
        numbers = try container.decode([Int].self, forKey: .numbers)
        Self.decodings.withLock { $0[name, default: 0] += 1 }
      }

      static func decodings(of name: String) -> Int { decodings.withLock { $0[name] ?? 0 } }
    }

    private static let make = RemoteFunction("make") { (name: String) in Table(name, [1, 2, 3]) }
    private static let sum = RemoteFunction("sum") { (table: Table) in table.numbers.reduce(0, +) }
    private static let shift = RemoteFunction("shift") { (by: Int, table: Table) in
      table.numbers.map { $0 + by }
    }
    private static let length = RemoteFunction("length") { (numbers: [String: PickleValue]) in numbers.count }
    private static let functions: [any RemoteCallable] = [make, sum, shift, length]

    @Test func referencesAndBroadcastsAreDecodedOnce() async throws {
      try await withTestCluster(functions: Self.functions, engines: 1) { client in
        let view = client.loadBalanced()
        let kept = try await view.keep(Self.make, "kept").value
        let broadcast = try await client.broadcast(Table("broadcast", [4, 5]))
        for _ in 0..<5 {
          #expect(try await view.apply(Self.sum, kept).value == 6)
          #expect(try await client[...].apply(Self.sum, broadcast).value == [9])
        }
        let shifted = try await view.map(Self.shift, Array(0..<20), with: broadcast, chunkSize: 5).value
        #expect(shifted == (0..<20).map { [4 + $0, 5 + $0] })
        let sum = try await view.keep(Self.sum, kept).value
        #expect(try await sum.value == 6)
        #expect(Table.decodings(of: "kept") == 1 && Table.decodings(of: "broadcast") == 1)
        // Another function sees it as something else.
        let size = try await client[0].apply(name: "length", args: [.reference(kept.name)], as: Int.self).value
        #expect(size == 2)
        #expect(try await view.apply(Self.sum, kept).value == 6)
      }
    }

    @Test func aNewValueIsDecodedAgain() async throws {
      try await withTestCluster(functions: Self.functions, engines: 1) { client in
        for count in 1...3 {
          try await client[0].push(["table": try PickleValue(encoding: Table("pushed", Array(1...count)))]).value
          for _ in 0..<2 {
            let sum = try await client[0].apply(name: "sum", args: [.reference("table")], as: Int.self).value
            #expect(sum == count * (count + 1) / 2)
          }
          #expect(Table.decodings(of: "pushed") == count)
        }
        try await client.clear()
        let error = await #expect(throws: RemoteError.self) {
          try await client[0].apply(name: "sum", args: [.reference("table")], as: Int.self).value
        }
        #expect(error?.ename == "NameError")
      }
    }
  }
}
