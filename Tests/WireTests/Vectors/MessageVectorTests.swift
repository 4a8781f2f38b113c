import Testing

@testable import MartletWire
@testable import MartletZeroMQ

/// The messages of the conformance kit, read by our session.
@Suite struct MessageVectorTests {
  /// What reading gives, as the vectors describe it.
  private func read(_ frames: [Bytes], with session: inout Session) throws -> JSONValue {
    var multipart = Multipart(frames)
    let message = try session.take(&multipart)
    _ = try message.parentID()
    return [
      "identities": .array(message.identities.map(hex)),
      "header": try JSONValue.parse(message.headerBytes),
      "parent_header": try JSONValue.parse(message.parentHeaderBytes),
      "metadata": try message.metadata(),
      "content": try message.content(),
      "buffers": .array(message.buffers.map(hex)),
    ]
  }

  private func hex(_ bytes: Bytes) -> JSONValue {
    let digits = Array("0123456789abcdef".utf8)
    return .string(
      String(decoding: bytes.array.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self))
  }

  @Test func everyMessageIsReadOrRefused() throws {
    var (accepted, refused) = (0, 0)
    for vector in try VectorFile.messages.vectors() {
      var session = try Session(key: vector.key, scheme: vector.scheme)
      for delivery in vector.steps {
        let result = Result { try read(delivery.frames, with: &session) }
        if let expected = delivery.expected {
          #expect(try result.get() == expected, "\(vector.name)")
          accepted += 1
        } else {
          #expect(throws: (any Error).self, "\(vector.name)") { try result.get() }
          refused += 1
        }
      }
    }
    #expect(accepted > 100 && refused > 80)
  }

  @Test func refusalsHaveTheRightReason() throws {
    let codes: [String: WireError.Code] = [
      "signature": .badSignature, "replay": .replayed, "frames": .malformedFrames, "json": .malformedJSON,
    ]
    for vector in try VectorFile.messages.vectors() {
      guard let last = vector.steps.last, let reason = last.fields["refuse"]?.stringValue else { continue }
      var session = try Session(key: vector.key, scheme: vector.scheme)
      for delivery in vector.steps.dropLast() { _ = try read(delivery.frames, with: &session) }
      do {
        _ = try read(last.frames, with: &session)
      } catch let error as WireError {
        #expect(error.code == codes[reason], "\(vector.name): \(error)")
      } catch {
        #expect(reason == "json", "\(vector.name): \(error)")
      }
    }
  }

  @Test func everyStepOfAnExchangeIsRead() throws {
    for vector in try VectorFile.exchanges.vectors() {
      var session = try Session(key: vector.key, scheme: vector.scheme)
      for (number, step) in vector.steps.enumerated() where step.fields["signed"] == true {
        let layout = try session.verify(Multipart(step.frames), detectReplays: false)
        #expect(try Multipart(step.frames).header(layout).messageID.isEmpty == false, "\(vector.name) \(number)")
      }
    }
  }
}
