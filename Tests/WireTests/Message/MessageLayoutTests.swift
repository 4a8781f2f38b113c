import Testing

@testable import MartletWire
@testable import MartletZeroMQ

@Suite struct MessageLayoutTests {
  private let body = ["<IDS|MSG>", "sig", "header", "parent", "metadata", "content"]

  @Test(arguments: [0, 1, 15]) func identitiesAreCounted(count: Int) throws {
    let frames = (0..<count).map { "identity \($0)" } + body + ["buffer"]
    let layout = try MessageLayout(of: Multipart(frames))
    #expect(layout.delimiter == count)
    #expect(frames[layout.signature] == "sig" && frames[layout.header] == "header")
    #expect(frames[layout.parentHeader] == "parent" && frames[layout.metadata] == "metadata")
    #expect(frames[layout.content] == "content" && frames[layout.firstBuffer] == "buffer")
    #expect(layout.shifted(by: 2).header == layout.header + 2)
  }

  @Test func theFirstDelimiterCounts() throws {
    #expect(try MessageLayout(of: Multipart(["a"] + body + ["<IDS|MSG>"])).delimiter == 1)
  }

  @Test(arguments: 0..<6) func missingFrames(count: Int) {
    let error = #expect(throws: WireError.self) { try MessageLayout(of: Multipart(["id"] + body.prefix(count))) }
    #expect(error?.code == .malformedFrames)
    if count > 0 { #expect(error?.reason.hasPrefix("\(count - 1) frames after the delimiter") == true) }
  }

  @Test(.timeLimit(.minutes(1))) func tooManyFrames() throws {
    let context = try Context()
    let sender = try Socket(context, .pair)
    let receiver = try Socket(context, .pair)
    try sender.connect(try receiver.bind("inproc://too-many-frames"))
    var message = Multipart(body)
    while message.count <= Multipart.frameLimit { message.append("") }
    try sender.send(&message)
    #expect(try receiver.receive(into: &message, timeout: .seconds(20)))
    let error = #expect(throws: WireError.self) { try MessageLayout(of: message) }
    #expect(error?.code == .oversized)
    #expect(error?.reason.hasPrefix("\(Multipart.frameLimit + 1) frames") == true)
  }

  @Test func noDelimiter() {
    for frames in [Array(repeating: "<IDS|MSG", count: 8), Array(repeating: "x", count: 16) + body, []] {
      let error = #expect(throws: WireError.self) { try MessageLayout(of: Multipart(frames)) }
      #expect(error?.code == .malformedFrames)
      #expect(error?.reason.contains("\(frames.count) frames") == true)
    }
  }
}
