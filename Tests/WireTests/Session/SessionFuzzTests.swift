import Testing

@testable import MartletWire
@testable import MartletZeroMQ

/// Damaged messages are accepted or rejected but never crash the process. The fixed seed makes failures repeatable.
@Suite struct SessionFuzzTests {
  private func samples() throws -> [[Bytes]] {
    var session = try Session(id: "fuzz", key: "")
    var samples: [[Bytes]] = []
    for identities in 0..<3 {
      var message = Multipart((0..<identities).map { "identity \($0)" })
      session.append(
        to: &message, type: "apply_request", parent: Bytes(session.header(type: "parent", id: "p")),
        metadata: Array(#"{"follow":[],"after":["a","b"],"timeout":1.5,"targets":null,"n":{"x":[{}]}}"#.utf8),
        content: Array(#"{"text":"\u00e9\\\"","list":[1,-2,3e5,true,null]}"#.utf8),
        buffers: [Bytes("buffer"), Bytes([UInt8](repeating: 0, count: 2000))])
      samples.append(message.frames)
    }
    return samples
  }

  private func mutate(_ frames: [Bytes], _ random: inout SeededGenerator) -> [Bytes] {
    var frames = frames
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      guard !frames.isEmpty else { return frames }
      let index = Int.random(in: 0..<frames.count, using: &random)
      var bytes = frames[index].array
      switch Int.random(in: 0..<9, using: &random) {
      case 0: frames.remove(at: index)
      case 1: frames.insert(frames[index], at: Int.random(in: 0...frames.count, using: &random))
      case 2: frames.swapAt(index, Int.random(in: 0..<frames.count, using: &random))
      case 3: frames[index] = frames[index][0..<Int.random(in: 0...bytes.count, using: &random)]
      case 4:
        let structure = Array(#"{}[]":,\u0"#.utf8)
        bytes.insert(structure[Int.random(in: 0..<structure.count, using: &random)], at: bytes.count / 2)
        frames[index] = Bytes(bytes)
      case 5 where !bytes.isEmpty:
        let start = Int.random(in: 0..<bytes.count, using: &random)
        frames[index] = Bytes(bytes + bytes[start...])
      default:
        guard !bytes.isEmpty else { continue }
        let position = Int.random(in: 0..<bytes.count, using: &random)
        bytes[position] = UInt8.random(in: 0...255, using: &random)
        frames[index] = Bytes(bytes)
      }
    }
    return frames
  }

  @Test func damagedMessagesAreReadOrRefused() throws {
    let samples = try samples()
    var random = SeededGenerator(seed: 20_260_101)
    var unsigned = try Session(key: "")
    var signed = try Session(key: "secret")
    var accepted = 0
    for round in 0..<20_000 {
      let frames = mutate(samples[round % samples.count], &random)
      var message = Multipart(frames)
      if (try? signed.verify(message)) != nil { Issue.record("round \(round): an unsigned message was accepted") }
      if let taken = try? unsigned.take(&message) {
        accepted += 1
        _ = try? taken.parentID()
        _ = try? taken.metadata()
        _ = try? taken.content()
        if taken.identities.count + 6 + taken.buffers.count != frames.count {
          Issue.record("round \(round): lost frames")
        }
      } else if message.count != frames.count {
        Issue.record("round \(round): a refused message is not left as it was")
      }
      for frame in frames where frame.count < 1000 {
        frame.withSpan { span in
          _ = try? MessageHeader(scanning: span)
          _ = try? JSONFields.scan(span) { (_: JSONKey, value: Range<Int>) throws(WireError) in
            _ = try? JSONText.string(span, at: value)
            _ = try? JSONText.json(span, at: value)
            _ = JSONText.isNull(span, at: value) || JSONText.isEmptyContainer(span, at: value)
          }
        }
      }
    }
    #expect(accepted > 1000 && accepted < 19_000)
  }
}
