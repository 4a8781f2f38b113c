import Distributed
import MartletClient
import MartletWire
import Testing

@testable import MartletActors

/// Calls that are encoded, decoded and run without a network.
@Suite struct ActorInvocationTests {
  private let system = MartletActorSystem(place: "here") {
    throw ClientError(.connectionFile, "there is no cluster")
  }

  @Test func argumentsArriveAsTheyWere() throws {
    var encoder = system.makeInvocationEncoder()
    try encoder.recordArgument(RemoteCallArgument(label: "a", name: "a", value: 3))
    try encoder.recordArgument(RemoteCallArgument(label: nil, name: "b", value: ["x": 1.5]))
    var decoder = ActorInvocationDecoder("f", encoder.arguments, in: system)
    #expect(try decoder.decodeNextArgument() as Int == 3)
    #expect(try decoder.decodeNextArgument() as [String: Double] == ["x": 1.5])
    #expect(throws: ArgumentError.self) { try decoder.decodeNextArgument() as Int }
  }

  @Test func wrongTypesAreNamed() {
    var decoder = ActorInvocationDecoder("Counter.add(_:)", [.string("three")], in: system)
    do {
      _ = try decoder.decodeNextArgument() as Int
      Issue.record("no error")
    } catch {
      #expect("\(error)".hasPrefix("Counter.add(_:): argument 1 should be Int, got str"), "\(error)")
    }
  }

  @Test func whatCannotBeEncodedIsRefused() {
    struct Stubborn: Codable, Sendable {
      init() {}
      init(from decoder: any Decoder) {}
      func encode(to encoder: any Encoder) throws { throw CancellationError() }
    }
    var encoder = system.makeInvocationEncoder()
    #expect(throws: ClientError.self) {
      try encoder.recordArgument(RemoteCallArgument(label: nil, name: "x", value: Stubborn()))
    }
    #expect(throws: ClientError.self) { try encoder.recordGenericSubstitution(Int.self) }
  }

  @Test func methodsRunByName() async throws {
    let counter = Counter(from: 5, actorSystem: system)
    #expect(try await run("add", [.int(3)], on: counter) == .int(8))
    #expect(try await run("add(_:times:)", [.int(2), .int(4)], on: counter) == .int(16))
    #expect(try await run("reset", [], on: counter) == .none)
    #expect(try await run("value", [], on: counter) == .int(0))
    #expect(try await run("identity", [], on: counter) == .string(counter.id.description))
    #expect(try await run("take", [.string(counter.id.description)], on: counter) == .int(0))
    let failure = await #expect(throws: Counter.Overflow.self) { try await run("fail", [.int(9)], on: counter) }
    #expect(failure?.limit == 9)
    await #expect(throws: ArgumentError.self) { try await run("add", [.string("x")], on: counter) }
    await #expect(throws: (any Error).self) { try await run("echo", [.int(1)], on: counter) }
  }

  private func run(_ name: String, _ arguments: [PickleValue], on counter: Counter) async throws -> PickleValue {
    let method = try DistributedMethods(of: Counter.self).method(name, argumentCount: arguments.count)
    var decoder = ActorInvocationDecoder(method.name, arguments, in: system)
    let handler = ActorResultHandler()
    try await system.executeDistributedTarget(
      on: counter, target: RemoteCallTarget(method.identifier), invocationDecoder: &decoder, handler: handler)
    return try handler.result
  }

  @Test func actorsOfThisProcessAreFound() async throws {
    let counter = Counter(from: 5, actorSystem: system)
    #expect(try Counter.resolve(id: counter.id, using: system) === counter)
    #expect(throws: ArgumentError.self) { try Other.resolve(id: counter.id, using: system) }
    let missing = RemoteActorID(type: "Counter", place: "here", number: 99)
    let never = #expect(throws: ActorTerminated.self) { try Counter.resolve(id: missing, using: system) }
    #expect(never?.reason == "there was never one of that number")
    let gone = { Counter(from: 1, actorSystem: system).id }()
    let released = #expect(throws: ActorTerminated.self) { try Counter.resolve(id: gone, using: system) }
    #expect(released?.reason == "it was released")
  }

  @Test func aCallWithoutAClientFails() async throws {
    let elsewhere = try Counter.resolve(id: RemoteActorID(type: "Counter", place: "there", number: 1), using: system)
    let error = await #expect(throws: ClientError.self) { try await elsewhere.add(1) }
    #expect(error?.code == .connectionFile)
  }
}
