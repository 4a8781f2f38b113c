import Testing

@testable import MartletZeroMQ

@Suite struct MultipartTests {
  @Test func startsEmpty() {
    let message = Multipart()
    let size = message.totalSize()
    #expect(message.count == 0 && size == 0)
  }

  @Test func framesThatAreNotThereAreEmpty() {
    var message = Multipart(["a"])
    for index in [-1, 1, Int.max, Int.min] {
      let sizes = [message.size(of: index), message.bytes(at: index).count, message.shared(index).count]
      #expect(sizes == [0, 0, 0])
      let taken = message.take(index)
      #expect(taken.isEmpty)
      let text = message.text(at: index)
      #expect(text == "")
      let matches = message.frame(index, equals: Bytes("a"))
      #expect(!matches)
      message.replace(index, with: Bytes("b"))
      message.swapAt(0, index)
    }
    #expect(message.texts == ["a"])
  }

  @Test func appendsBeyondItsCapacity() {
    for capacity in [0, 1, 14] {
      var message = Multipart(minimumCapacity: capacity)
      for number in 0..<100 { message.append(Bytes(String(number))) }
      #expect(message.texts == (0..<100).map(String.init))
    }
  }

  @Test func prependsBeyondTheHeadroom() {
    var message = Multipart(["x"])
    for number in 0..<100 { message.prepend(Bytes(String(number))) }
    #expect(message.texts == (0..<100).reversed().map(String.init) + ["x"])
  }

  @Test func aQueueOfFramesStaysSmall() {
    var message = Multipart()
    for number in 0..<10_000 {
      message.append(Bytes(String(number)))
      if number >= 3 { message.removeFirst() }
    }
    #expect(message.texts == ["9997", "9998", "9999"])
    let capacity = message.capacity
    #expect(capacity < 100)
  }

  @Test func aHugeMessageLeavesNoRoomBehind() {
    var message = Multipart()
    for _ in 0..<100_000 { message.append(Bytes("x")) }
    message.removeAll()
    message.append(Bytes("y"))
    #expect(message.texts == ["y"])
    let capacity = message.capacity
    #expect(capacity < 10_000)
  }

  @Test func mixedChangesMatchAnArray() {
    var message = Multipart(minimumCapacity: 1)
    var model: [String] = []
    for step in 0..<5000 {
      // Some frames are large enough to be referenced instead of copied.
      let text = String(repeating: "\(step) ", count: step % 50 == 0 ? 600 : 1)
      let mixed = Int(truncatingIfNeeded: (UInt64(step) &* 0x9E37_79B9_7F4A_7C15) >> 40)
      switch mixed % 8 {
      case 0, 1:
        message.append(Bytes(text))
        model.append(text)
      case 2:
        message.append(Array(text.utf8))
        model.append(text)
      case 3:
        message.prepend(Bytes(text))
        model.insert(text, at: 0)
      case 4:
        message.removeFirst()
        if !model.isEmpty { model.removeFirst() }
      case 5 where model.count > 1:
        let (first, second) = (mixed / 8 % model.count, model.count - 1)
        message.swapAt(first, second)
        model.swapAt(first, second)
      case 6 where !model.isEmpty:
        let index = mixed / 8 % model.count
        message.replace(index, with: Bytes(text))
        model[index] = text
      case 7 where step % 97 == 0:
        message.removeAll()
        model.removeAll()
      default: break
      }
    }
    #expect(message.texts == model)
    #expect(message.totalSize() == model.reduce(0) { $0 + $1.utf8.count })
  }

  @Test func comparison() {
    let message = Multipart(["abc", ""])
    let results = [
      message.frame(0, equals: Bytes("abc")), message.frame(0, equals: Bytes("abd")),
      message.frame(0, equals: Bytes("ab")), message.frame(1, equals: Bytes()), message.frame(0, equals: Bytes()),
    ]
    #expect(results == [true, false, false, true, false])
  }

  @Test func takingLeavesAnEmptyFrame() {
    var message = Multipart(["a", "b"])
    #expect(message.take(0) == Bytes("a"))
    #expect(message.texts == ["", "b"])
  }

  @Test func sharingOutlivesTheMessage() {
    let large = Bytes([UInt8](repeating: 7, count: 5000))
    func share() -> [Bytes] {
      var message = Multipart(["small"])
      message.append(large)
      var other = Multipart()
      other.append(sharing: message, 1)
      other.append(sharing: message, 0)
      other.append(sharing: message, 9)
      #expect(other.count == 3)
      return [message.shared(0), message.shared(1), other.shared(0), other.shared(1), other.shared(2)]
    }
    #expect(share() == [Bytes("small"), large, large, Bytes("small"), Bytes()])
  }

  @Test func spansReadInPlace() {
    let message = Multipart(["héllo"])
    let span = message.bytes(at: 0)
    let (count, first) = (span.count, span[0])
    #expect(count == 6 && first == UInt8(ascii: "h"))
  }

  @Test(.timeLimit(.minutes(1))) func reuseForManyMessages() throws {
    let pair = try Transport.inproc.makePair(.pull, .push)
    var outgoing = Multipart()
    var incoming = Multipart(["left over"])
    for number in 0..<200 {
      for frame in 0..<(number % 40 + 1) { outgoing.append(Bytes("\(number) \(frame)")) }
      try pair.client.send(&outgoing)
      #expect(outgoing.count == 0)
      let came = try pair.server.receive(into: &incoming, timeout: patience)
      #expect(came)
      #expect(incoming.texts == (0..<(number % 40 + 1)).map { "\(number) \($0)" })
    }
    let more = try pair.server.receive(into: &incoming)
    #expect(!more && incoming.count == 0)
  }

  @Test func sharedFramesReferToTheMessagesMemory() {
    var message = Multipart(["a", "b", "c"])
    let shared = SharedFrames(taking: &message)
    message.append(Bytes("x"))
    shared.append(1..<3, to: &message)
    #expect(message.texts == ["x", "b", "c"])
    #expect(shared.text(at: 0) == "a")
  }

  @Test func literalsAreFrames() {
    var message = Multipart(["a"])
    message.append("<IDS|MSG>")
    message.append("")
    #expect(message.texts == ["a", "<IDS|MSG>", ""])
    let found = (0..<4).map { message.frame($0, equals: "<IDS|MSG>" as StaticString) }
    #expect(found == [false, true, false, false])
  }

  @Test func sharedFramesOutliveTheirMessage() {
    let large = String(repeating: "x", count: 5000)
    var bytes: [Bytes] = []
    var shared: SharedFrames?
    do {
      var message = Multipart(["small", large, ""])
      message.prepend(Bytes("identity"))
      let taken = SharedFrames(taking: &message)
      #expect(message.isEmpty && taken.count == 4 && taken.totalSize == 8 + 5 + 5000)
      message.append(Bytes("next"))
      #expect(message.texts == ["next"])
      bytes = (0..<5).map { taken[$0] }
      shared = taken
    }
    #expect(shared?.text(at: 2) == large && shared?.text(at: 9) == "" && shared?.text(at: -1) == "")
    shared = nil
    #expect(bytes.map(\.string) == ["identity", "small", large, "", ""])
  }

  @Test(.timeLimit(.minutes(1)), arguments: Transport.allCases)
  func messagesOfTooManyFramesAreCutOff(_ transport: Transport) throws {
    let pair = try transport.makePair(.dealer, .dealer)
    var message = Multipart()
    for count in [Multipart.frameLimit, Multipart.frameLimit + 1, 3 * Multipart.frameLimit] {
      for _ in 0..<count { message.append("x") }
      try pair.client.send(&message)
    }
    try pair.client.send("the", "next")
    for dropped in [0, 1, 2 * Multipart.frameLimit] {
      #expect(try pair.server.receive(into: &message, timeout: patience))
      #expect(message.count == Multipart.frameLimit && message.droppedFrames == dropped)
    }
    #expect(try pair.server.receive(into: &message, timeout: patience))
    #expect(message.texts == ["the", "next"] && message.droppedFrames == 0)
  }
}
