import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

/// Requests held until their engines connect.
@Suite struct HeldRequestsTests {
  private let start = Instant.now

  /// A request `[engine, client, <IDS|MSG>, …]`, as a relay holds it.
  private func request(_ id: String, patience: Duration = .seconds(5)) throws -> HeldRequest {
    let session = try Session(key: "")
    var frames = Multipart()
    frames.append("engine")
    frames.append("client")
    session.append(to: &frames, header: session.header(type: "apply_request", id: id))
    let layout = try MessageLayout(of: frames)
    return HeldRequest(
      message: HeldMessage(taking: &frames, layout: layout, messageType: "apply_request"), taskID: id,
      deadline: start + patience)
  }

  private func held(_ ids: [String]) throws -> HeldRequests {
    var held = HeldRequests()
    for id in ids { #expect(try held.hold(request(id), isRegistered: true, now: start)) }
    return held
  }

  @Test func aFailedSendConcernsItsOwnRequestOnly() throws {
    var held = try held(["a", "b", "c", "d"])
    var tried: [String] = []
    let results: [String: SendResult] = ["b": .sent, "c": .unroutable, "d": .sent]
    let answered = held.retry(
      now: start, isRegistered: { _ in true },
      send: {
        tried.append($0.taskID)
        return results[$0.taskID]
      })
    #expect(answered.isEmpty)
    #expect(tried == ["a", "b", "c", "d"])
    tried = []
    _ = held.retry(
      now: start, isRegistered: { _ in true },
      send: {
        tried.append($0.taskID)
        return .sent
      })
    #expect(tried == ["a", "c"])
    #expect(held.engines.isEmpty)
  }

  @Test func aRequestForAnEngineThatIsGoneIsAnswered() throws {
    var held = try held(["a", "b"])
    let answered = held.retry(now: start, isRegistered: { $0.taskID == "b" }, send: { _ in .unroutable })
    #expect(answered.map(\.taskID) == ["a"])
    #expect(!held.engines.isEmpty)
  }

  @Test func patienceEnds() throws {
    var held = try held(["a"])
    #expect(held.retry(now: start + .seconds(4), isRegistered: { _ in true }, send: { _ in .wouldBlock }).isEmpty)
    let answered = held.retry(now: start + .seconds(5), isRegistered: { _ in true }, send: { _ in nil })
    #expect(answered.map(\.taskID) == ["a"])
    #expect(held.engines.isEmpty)
  }

  @Test func aRequestForAnUnknownEngineIsNotHeld() throws {
    var held = HeldRequests()
    #expect(try !held.hold(request("a"), isRegistered: false, now: start))
    #expect(held.engines.isEmpty)
  }

  @Test func aBrokenSocketLosesNoRequest() throws {
    var held = try held(["a", "b", "c"])
    let socket = try RelaySocketTests.broken()
    var outgoing = Multipart()
    func retry(at now: Instant) -> [HeldRequest] {
      held.retry(
        now: now, isRegistered: { _ in true },
        send: { request in
          defer { outgoing.removeAll() }
          request.message.append(to: &outgoing)
          return socket.send(&outgoing)
        })
    }
    for _ in 0..<3 { #expect(retry(at: start).isEmpty) }
    let answered = retry(at: start + HeldRequests.patience)
    #expect(answered.map(\.taskID) == ["a", "b", "c"])
    // An error reply needs the client's identity and the request's header.
    for request in answered {
      #expect(request.message.frames.text(at: 1) == "client")
      #expect(request.message.frames.count == request.message.layout.firstBuffer)
    }
  }
}
