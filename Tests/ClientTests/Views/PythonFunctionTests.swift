import MartletWire
import Testing

@testable import MartletClient

@Suite(.timeLimit(.minutes(1))) struct PythonFunctionTests {
  @Test func importsComeFirst() {
    #expect(PythonSource.importing([], then: "len") == "len")
    #expect(
      PythonSource.importing(["math", "os.path", "numpy as np"], then: "lambda x: np.sqrt(x)")
        == "(globals().update(math=__import__('math'), os=__import__('os.path'), "
        + "np=__import__('importlib').import_module('numpy')), (lambda x: np.sqrt(x)))[1]")
  }

  @Test func isSentAsAReference() async throws {
    try await FakeCluster.withClient { client, cluster in
      let root = PythonFunction<Double, Double>("math.sqrt", imports: "math")
      #expect(root.expression == "math.sqrt" && root.imports == ["math"])
      // The engines return their first argument.
      #expect(try await client[0].apply(root, 2.5).value == 2.5)
      let last = try #require(await cluster.received.last)
      guard case .reference(root.source) = try ApplyCall.unpack(last.message.buffers).function else {
        Issue.record("another function was called")
        return
      }
      let text: [String] = try await client[...].apply("lambda s, n: s * n", "a", 3).value
      #expect(text == ["a", "a"])
      let items: [Int] = try await client.loadBalanced().map("lambda x: x", 0..<5, chunkSize: 2).value
      #expect(items == [0, 1, 2, 3, 4])
      #expect(
        try await client.broadcast().apply(python: "lambda x: x", [1, 2], as: [Int].self).value == [[1, 2], [1, 2]])
    }
  }

  @Test func errorsNameTheExpressionAlone() async throws {
    try await FakeCluster.withClient { client, _ in
      let root = PythonFunction<Double, String>("math.sqrt", imports: "math")
      let error = await #expect(throws: ClientError.self) { try await client[0].apply(root, 2.5).value }
      #expect(error?.message.hasPrefix("math.sqrt should give String, got float") == true)
      let mapped = await #expect(throws: ClientError.self) {
        try await client.loadBalanced().map(root, [2.5], chunkSize: 2).value
      }
      #expect(mapped?.message.hasPrefix("map(math.sqrt) should give String") == true)
    }
  }
}
