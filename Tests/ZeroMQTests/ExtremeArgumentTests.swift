import Testing

@testable import MartletZeroMQ

/// No argument to a public function crashes the process.
@Suite(.timeLimit(.minutes(1))) struct ExtremeArgumentTests {
  private static let integers = [Int.min, -1, 0, 1, 2, 3, Int.max]
  private static let ranges = integers.flatMap { lower in
    integers.filter { $0 >= lower }.map { lower..<$0 }
  }

  private func message() -> Multipart {
    var message = Multipart()
    message.append("ab")
    message.append("cde")
    return message
  }

  @Test(arguments: ranges) func slicesOfBytes(_ range: Range<Int>) {
    let bytes = Bytes("abc")
    #expect(bytes[range].array == Array(bytes.array[range.clamped(to: 0..<3)]))
    #expect(bytes[range].count <= 3)
  }

  @Test(arguments: ranges) func framesInARange(_ range: Range<Int>) {
    let first = message()
    var chunks: [UInt8] = []
    first.forEachChunk(of: range) { chunk in for index in chunk.indices { chunks.append(chunk[index]) } }
    let inside = range.clamped(to: 0..<2)
    #expect(chunks == inside.flatMap { Array(["ab", "cde"][$0].utf8) })
    var second = message()
    let shared = SharedFrames(taking: &second)
    var answer = Multipart()
    shared.append(range, to: &answer)
    let count = answer.count
    #expect(count == inside.count)
  }

  @Test(arguments: integers) func framesByIndex(_ index: Int) {
    var message = message()
    let isThere = index == 0 || index == 1
    let (size, isEmpty) = (message.size(of: index), message.bytes(at: index).isEmpty)
    #expect(size == (isThere ? index + 2 : 0))
    #expect(isEmpty == !isThere)
    let (shared, text, isOther) = (message.shared(index), message.text(at: index), message.frame(index, equals: "x"))
    #expect(shared.isEmpty == !isThere)
    #expect(text.isEmpty == !isThere)
    #expect(!isOther)
    message.swapAt(index, 0)
    message.replace(index, with: Bytes("x"))
    let taken = message.take(index)
    #expect(taken.isEmpty == !isThere)
  }

  @Test(arguments: integers) func packedFramesByIndex(_ index: Int) {
    let message = message()
    let packed = PackedFrames(copying: message, from: index)
    #expect(packed.count == max(0, 2 - max(0, index)))
    #expect(packed[index].isEmpty == (index != 0))
    #expect(packed.frames(from: index).count <= 2)
    #expect(packed.size(from: index) <= 5)
    let omitting = PackedFrames(copying: message, from: 0, omitting: index)
    #expect(omitting.count == 2)
  }

  @Test(arguments: integers) func capacities(_ capacity: Int) {
    var message = Multipart(minimumCapacity: capacity)
    message.append("frame")
    message.prepend(Bytes("identity"))
    let count = message.count
    #expect(count == 2)
  }

  @Test func durationsOfAnySize() throws {
    let context = try Context()
    for duration in [Duration(attoseconds: .min), .zero, .seconds(Int64.max), Duration(attoseconds: .max)] {
      var options = SocketOptions()
      options.linger = duration
      options.tcpKeepaliveIdle = duration
      options.tcpUnacknowledgedTime = duration
      options.heartbeatInterval = duration
      // libzmq may reject a value with an error.
      _ = try? Socket(context, .pair, options: options)
    }
    let receiver = try Socket(context, .pull)
    let sender = try Socket(context, .push)
    try sender.connect(try receiver.bind("inproc://durations"))
    try sender.send("x")
    var message = Multipart()
    let isThere = try receiver.receive(into: &message, timeout: Duration(attoseconds: .max))
    #expect(isThere)
    let isThereAgain = try receiver.receive(into: &message, timeout: Duration(attoseconds: .min))
    #expect(!isThereAgain)
  }
}
