import MartletWire
import Testing

@testable import MartletClient

/// No argument to the public API crashes the process. The call works or throws a ``ClientError`` that explains why not.
@Suite(.timeLimit(.minutes(1))) struct ExtremeArgumentTests {
  private static let numbers = [0, -1, 1, 2, .min, .min + 1, .max - 1, .max]
  private static let durations: [Duration] = [
    .zero, .seconds(-1), .nanoseconds(1), .seconds(Int64.min), .seconds(Int64.max), .seconds(Int64.max) * 10,
    Duration(attoseconds: .min), Duration(attoseconds: .max),
  ]
  private static let names = ["", "\0", "a b", String(repeating: "x", count: 100_000)]

  /// Runs a closure that may throw a ``ClientError``, and checks that the error has a description.
  private func attempt<Output: Sendable>(_ body: () async throws -> Output) async -> Output? {
    do {
      return try await body()
    } catch let error as ClientError {
      #expect(!error.message.isEmpty)
    } catch is CompositeError, is RemoteError, is EngineError {
      // The fake engine's answer is irrelevant here.
    } catch {
      Issue.record(error)
    }
    return nil
  }

  private static let targets: [EngineTargets] =
    [.all, .ids([]), .ids([0, 0]), .ids([0, -2]), .ids(numbers), .positions(0..<0), .positions(.min ..< .max)]
    + numbers.flatMap { [.ids([$0]), .positions($0..<$0), .positions(.min..<$0), .positions($0..<(.max))] }

  @Test func subscriptsSelectWhatExists() async throws {
    try await FakeCluster.withClient { client, _ in
      for number in Self.numbers {
        let id = await attempt { try client[number].id }
        #expect((id != nil) == (-2...1).contains(number))
        for other in Self.numbers where number <= other {
          let ids = await attempt { try client[number..<other].ids } ?? []
          #expect(ids == [0, 1].filter { (number..<other).contains($0) })
          let closed = await attempt { try client[number...other].ids } ?? []
          #expect(closed == [0, 1].filter { (number...other).contains($0) })
        }
      }
      #expect(await attempt { try client[[]].ids } == nil)
      #expect(await attempt { try client[[0, 0, -1]].ids } == [0, 0, 1])
    }
  }

  @Test func targetsSelectWhatExists() async throws {
    var configuration = ClientConfiguration()
    configuration.queryTimeout = .milliseconds(500)
    try await FakeCluster.withClient(configuration: configuration) { client, _ in
      for targets in Self.targets {
        await checkDirect(client.direct(targets))
        await checkBroadcast(client.broadcast(targets), client.direct(targets))
        await checkBroadcast(client.broadcast(targets, isCoalescing: true), client.direct(targets))
        await checkLoadBalanced(client.loadBalanced(targets: targets), client.direct(targets))
        await checkControl(client, targets)
      }
    }
  }

  private func count(_ view: DirectView) -> Int { (try? view.ids.count) ?? 0 }

  private func checkDirect(_ view: DirectView) async {
    let count = count(view)
    let values = await attempt { try await view.apply(name: "f", args: [1], as: Int.self).value }
    #expect(values?.count ?? 0 == count)
    let mapped = await attempt { try await view.map(name: "f", [1, 2, 3], as: Int.self).value }
    #expect(mapped == (count > 0 ? [1, 2, 3] : nil))
    let scattered: Void? = await attempt { try await view.scatter("a", [1, 2, 3]).value }
    #expect((scattered != nil) == (count > 0))
    _ = await attempt { try await view.gather("a").value }
    _ = await attempt { try await view.pull(["a", "b"]).value }
    _ = await attempt { try await view.push([:]).value }
    _ = await attempt { try await view.abort() }
    _ = await attempt { try await view.clear() }
  }

  private func checkBroadcast(_ view: BroadcastView, _ direct: DirectView) async {
    let ids = (try? direct.ids) ?? []
    let values = await attempt { try await view.apply(name: "f", args: [1], as: Int.self).value }
    let expected = Set(ids).count == ids.count ? ids.count : 0
    #expect(values?.count ?? 0 == expected)
  }

  private func checkLoadBalanced(_ view: LoadBalancedView, _ direct: DirectView) async {
    let value = await attempt { try await view.apply(name: "f", args: [1], as: Int.self).value }
    let isSelection = count(direct) > 0
    #expect((value != nil) == isSelection)
  }

  private func checkControl(_ client: Client, _ targets: EngineTargets) async {
    _ = await attempt { try await client.abort([], targets: targets) }
    _ = await attempt { try await client.clear(targets) }
    _ = await attempt { try await client.queueStatus(targets) }
    _ = await attempt { try await client.queueContents(targets) }
    _ = await attempt { try await client.purgeResults(engines: targets) }
    _ = await attempt { try await client.shutdown(engines: targets) }
  }

  @Test(arguments: numbers) func chunksAndWindows(number: Int) async throws {
    try await FakeCluster.withClient { client, _ in
      let echo = RemoteFunction("echo") { (item: Int) in item }
      for count in [0, 1, 2, 5] {
        for other in Self.numbers {
          let view = client.loadBalanced()
          let items = Array(0..<count)
          let values = await attempt { try await view.map(echo, items, chunkSize: number, window: other).value }
          #expect(values == (number > 0 && other > 0 ? items : nil))
          let pickled = await attempt {
            try await view.map(name: "f", items.map { .int($0) }, chunkSize: number, window: other, as: Int.self).value
          }
          #expect(pickled == values)
        }
      }
      var view = client.loadBalanced()
      view.retries = number
      let value = await attempt { try await view.apply(echo, 1).value }
      #expect(value == (number >= 0 ? 1 : nil))
    }
  }

  @Test(arguments: durations) func timeouts(duration: Duration) async throws {
    var configuration = ClientConfiguration()
    configuration.linger = duration
    configuration.queryTimeout = duration
    configuration.connectTimeout = max(duration, .seconds(1))
    try await FakeCluster.withClient(configuration: configuration) { client, _ in
      let done = try client[0].apply(name: "f", args: [1], as: Int.self)
      _ = try await done.value
      #expect(await attempt { try await done.value(timeout: duration) } == 1)
      #expect(await attempt { try await done.wait(timeout: duration) } == true)
      _ = await attempt { try await client[0].apply(name: "f", args: [1]).value(timeout: duration) }
      if duration <= .seconds(1) {
        let silent = try client[0].apply(name: "silent")
        #expect(await attempt { try await silent.wait(timeout: duration) } == false)
        #expect(await attempt { try await silent.waitForOutput(timeout: duration) } == false)
        #expect(await attempt { try await client.waitForEngines(3, timeout: duration) } == nil)
      }
      #expect(await attempt { try await client.waitForEngines(2, timeout: duration) } != nil)
      _ = await attempt { try await client.hubHistory() }
      _ = await attempt { try await client[0].clear() }
      var view = client.loadBalanced()
      view.timeout = duration
      let value = await attempt { try await view.apply(name: "f", args: [1], as: Int.self).value }
      #expect(value == (duration >= .zero ? 1 : nil))
      var file = configuration
      file.connectTimeout = min(duration, .zero)
      #expect(await attempt { try await Client.connect(connectionFile: "/nowhere", configuration: file) } == nil)
      #expect(await attempt { try await Client.connect(profile: "\0", clusterID: "/", configuration: file) } == nil)
    }
  }

  @Test(arguments: numbers) func threadsAndEngines(number: Int) async throws {
    try await FakeCluster.with { cluster in
      var configuration = ClientConfiguration()
      configuration.ioThreads = number
      let client = await attempt { try await Client.connect(cluster.info, configuration: configuration) }
      #expect((client != nil) == (1...64).contains(number))
      if let client {
        _ = await attempt { try await client.waitForEngines(number, timeout: .milliseconds(10)) }
        await client.close()
      }
      #expect(TaskProgress(done: 0, total: number).fraction.isFinite)
      #expect(RegisteredEngine(id: number, uuid: "").id == number)
    }
  }

  @Test(arguments: names.indices) func namesAndIDs(index: Int) async throws {
    let name = Self.names[index]
    try await FakeCluster.withClient { client, _ in
      let views = client[...]
      _ = await attempt { try await views.apply(name: name, kwargs: [(name, 1), (name, 2)]).value }
      _ = await attempt { try await views.push([name: name]).value }
      _ = await attempt { try await views.pull(name).value }
      _ = await attempt { try await views.pull([name, name]).value }
      _ = await attempt { try await views.scatter(name, [Int]()).value }
      _ = await attempt { try await views.scatter(name, NDArray([1.5, 2.5, 3.5])).value }
      _ = await attempt { try await views.scatter(name, NDArray([Double](), shape: [1 << 40, 0])).value }
      _ = await attempt { try await views.scatter(name, NDArray([1.5], shape: [])).value }
      var view = client.loadBalanced()
      view.label = name
      view.after = Dependency([name, name], all: false, success: false, failure: false)
      view.follow = Dependency()
      _ = await attempt { try await view.apply(name: name).value }
      _ = await attempt { try await client.resultStatus([name, name]) }
      _ = await attempt { try await client.resubmit([name, name]).value }
      _ = await attempt { try await client.getResult([]).value }
      _ = await attempt { try await client.getResult([name, name]).value(timeout: .milliseconds(1)) }
      _ = await attempt { try await client.dbQuery(["a": .double(.nan), "b": .double(.infinity)], keys: [name]) }
      _ = await attempt { try await client.purgeResults([name]) }
      _ = await attempt { try await client.abort([name]) }
    }
  }
}
