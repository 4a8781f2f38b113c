import MartletWire
import Testing

@testable import MartletActors

@Suite struct ActorRequestTests {
  private let id = RemoteActorID(type: "Counter", place: "engine-1", number: 7)

  @Test func requestsAreReadAsWritten() throws {
    for request in [
      ActorRequest.create([]), .create([.int(1), .string("x")]), .call(id, method: "add", []),
      .call(id, method: "add(_:)", [.int(2)]), .release(id),
    ] {
      #expect(try ActorRequest(CallArguments(request.arguments), type: "Counter") == request)
    }
  }

  @Test func malformedRequestsAreRefused() {
    let text = PickleValue.string(id.description)
    let malformed: [[PickleValue]] = [
      [], [.int(1)], [.string("make")], [.string("call")], [.string("call"), text], [.string("call"), text, .int(1)],
      [.string("call"), .int(7), .string("add")], [.string("call"), .string("Other/7@engine-1"), .string("add")],
      [.string("release")], [.string("release"), text, .int(1)], [.string("release"), .string("Counter/7")],
    ]
    for arguments in malformed {
      #expect(throws: ArgumentError.self, "\(arguments)") {
        try ActorRequest(CallArguments(arguments), type: "Counter")
      }
    }
    #expect(throws: ArgumentError.self) {
      try ActorRequest(CallArguments([.string("create")], keywords: [("x", .int(1))]), type: "Counter")
    }
  }

  @Test func idsAreTheirTexts() throws {
    #expect(id.description == "Counter/7@engine-1")
    #expect(RemoteActorID("Counter/7@engine-1") == id)
    #expect(try PickleValue(encoding: id) == .string("Counter/7@engine-1"))
    #expect(try PickleValue.string("Counter/7@engine-1").decode(RemoteActorID.self) == id)
    for text in [
      "", "@", "/", "/@", "Counter", "Counter/7", "Counter@x", "Counter/@x", "Counter/-1@x", "Counter/+7@x",
      "Counter/07@x", "/7@x", "Counter/7@", "Counter/99999999999999999999@x",
    ] {
      #expect(RemoteActorID(text) == nil, "\(text)")
      #expect(throws: DecodingError.self) { try PickleValue.string(text).decode(RemoteActorID.self) }
    }
  }
}
