import Martlet

/// The calls whose costs are compared, each with one capability. The first of each list is the plain call, of a function that
/// squares a number on whichever engine is free.
struct CapabilityCalls {
  private let client: Client
  /// One on each engine.
  private let references: [RemoteReference<Int>]
  /// An argument of 10 kB, and a reference to such a one.
  private let bytes = Bytes([UInt8](repeating: 1, count: 10_000))
  private let keptBytes: RemoteReference<Bytes>
  private let tally: Tally

  /// - Parameter client: of a cluster with two engines, each of which offers some of the resource `slot`.
  init(_ client: Client) async throws {
    self.client = client
    var references: [RemoteReference<Int>] = []
    for id in client.ids { references.append(try await client[id].keep(square, 3).value) }
    self.references = references
    keptBytes = try await client[0].keep(echo, bytes).value
    tally = try await client[0].create(tallies)
  }

  /// Calls that wait for one another.
  var alone: [Capabilities.Kind] {
    let (view, reference, tally) = (client.loadBalanced(), references[0], tally)
    let (engine, other) = (client[0], client[1])
    func kind(_ name: String, _ call: @escaping () async throws -> Void) -> Capabilities.Kind {
      Capabilities.Kind(name: name) { for _ in 0..<$0 { try await call() } }
    }
    return [
      kind("call") { _ = try await view.apply(square, 3).value },
      kind("direct") { _ = try await engine.apply(square, 3).value },
      kind("reference") { _ = try await view.apply(square, reference).value },
      kind("keep") { _ = try await view.keep(square, 3).value },
      kind("fetch") { _ = try await reference.value },
      kind("actor") { _ = try await tally.add(3) },
      // A call whose function calls the actor on the other engine.
      Capabilities.Kind(name: "actor_from_engine") { _ = try await other.apply(addRepeatedly, tally, $0).value },
    ] + options.map { name, view in kind(name) { _ = try await view.apply(square, 3).value } } + [
      kind("concurrency_16") { _ = try await view.apply(squareAtOnce, 3).value },
      kind("progress") { _ = try await view.apply(squareReporting, 3).value },
    ]
  }

  /// Calls many of which are outstanding, and the elements of a map and a stream.
  var together: [Capabilities.Kind] {
    let (view, engine, references) = (client.loadBalanced(), client[0], references)
    let (reference, bytes, keptBytes) = (references[0], bytes, keptBytes)
    let onOne = client.loadBalanced(targets: .ids([client.ids[0]]))
    func kind<Value>(_ name: String, _ call: @escaping () throws -> AsyncResult<Value>) -> Capabilities.Kind {
      Capabilities.Kind(name: name) { count in
        for result in try (0..<count).map({ _ in try call() }) { _ = try await result.value }
      }
    }
    return [
      kind("call") { try view.apply(square, 3) },
      kind("direct") { try engine.apply(square, 3) },
      kind("direct_reference") { try engine.apply(square, reference) },
      // A reference's engine is the only one that may be chosen.
      kind("one_engine") { try onOne.apply(square, 3) },
      kind("reference") { try view.apply(square, reference) },
      // Both engines have as much to do, as with the plain call.
      Capabilities.Kind(name: "references_in_turn") { count in
        let results = try (0..<count).map { try view.apply(square, references[$0 % references.count]) }
        for result in results { _ = try await result.value }
      },
      kind("argument_10kb") { try view.apply(swallow, bytes) },
      kind("reference_10kb") { try view.apply(swallow, keptBytes) },
    ] + options.map { name, view in kind(name) { try view.apply(square, 3) } } + [
      kind("concurrency_16") { try view.apply(squareAtOnce, 3) },
      kind("progress") { try view.apply(squareReporting, 3) },
      Capabilities.Kind(name: "map_element") { for try await _ in try view.map(square, 0..<$0) {} },
      Capabilities.Kind(name: "stream_element") { for try await _ in try view.stream(square, over: 0..<$0) {} },
      Capabilities.Kind(name: "stream_element_window_1000") {
        for try await _ in try view.stream(square, over: 0..<$0, window: 1_000) {}
      },
    ]
  }

  /// Views with one option each.
  private var options: [(String, LoadBalancedView)] {
    func with(_ change: (inout LoadBalancedView) -> Void) -> LoadBalancedView {
      var view = client.loadBalanced()
      change(&view)
      return view
    }
    return [
      ("retries", with { $0.retries = 2 }),
      ("retry_policy", with { $0.retry = RetryPolicy(attempts: 3) }),
      ("deadline", with { $0.deadline = Timestamp(microseconds: Timestamp.now.microseconds + 3_600_000_000) }),
      ("execution_timeout", with { $0.executionTimeout = .seconds(60) }),
      ("priority", with { $0.priority = .high }),
      ("resources", with { $0.requires = ["slot": 1] }),
    ]
  }
}
