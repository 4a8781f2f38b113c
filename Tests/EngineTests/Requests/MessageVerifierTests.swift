import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletEngine

@Suite struct MessageVerifierTests {
  private let verifier: MessageVerifier
  /// The frames of a signed message, which tests replay.
  private let parts: [[UInt8]]

  init() throws {
    verifier = try MessageVerifier(key: "secret", scheme: "hmac-sha256")
    var session = try Session(key: "secret")
    var frames = Multipart()
    session.append(to: &frames, type: MessageType.applyRequest)
    parts = (0..<frames.count).map { frames.shared($0).array }
  }

  private func frames() -> Multipart {
    var frames = Multipart()
    for part in parts { frames.append(part) }
    return frames
  }

  /// The I/O loop receives control requests and the worker receives shell requests. They share one replay filter.
  @Test func aReplayIsRefusedOnEveryChannel() throws {
    var control = frames()
    let message = try verifier.take(&control)
    #expect(message.header.messageType == MessageType.applyRequest)
    verifier.withLock { state in
      state.incoming = frames()
      let error = #expect(throws: WireError.self) { try state.session.take(&state.incoming) }
      #expect(error?.code == .replayed)
    }
  }

  @Test func aReturnedTaskMayComeAgain() throws {
    var first = frames()
    let message = try verifier.take(&first)
    verifier.readmit([message])
    var second = frames()
    #expect(try verifier.take(&second).header.messageID == message.header.messageID)
    var third = frames()
    #expect(throws: WireError.self) { try verifier.take(&third) }
  }
}
