import MartletZeroMQ

/// Sends messages to an engine's Python and receives its messages. Calls block.
struct WorkerSocket {
  private let stream: StreamSocket
  /// What has been received and not been taken yet: `buffer[taken..<filled]`.
  private var buffer = [UInt8](repeating: 0, count: Self.bufferSize)
  private var taken = 0
  private var filled = 0

  private static let bufferSize = 65_536
  /// A part longer than this is received into memory of its own, and not by way of the buffer.
  private static let directSize = 16_384

  /// Why no message came.
  enum Failure: Error, Sendable, Hashable {
    /// The other end is closed.
    case ended
    case broken(WorkerProtocolError)
  }

  init(_ stream: StreamSocket) { self.stream = stream }

  /// The descriptor to watch while idle.
  var descriptor: Int32 { stream.descriptor }

  /// Whether receiving would find something at once: data or the end.
  var hasInput: Bool { taken < filled || stream.isReadable }

  /// Sends a message.
  ///
  /// - Throws: ``Failure/ended`` when nobody reads it.
  func send(_ command: WorkerCommand) throws(Failure) {
    let parts = command.parts
    do {
      try stream.send([Bytes(WorkerFraming.prefix(parts.map(\.count)))] + parts)
    } catch {
      throw .ended
    }
  }

  /// Waits for a message.
  mutating func receive() throws(Failure) -> WorkerEvent {
    do {
      let count = try WorkerFraming.partCount(try take(WorkerFraming.countSize)[...])
      let lengths = try WorkerFraming.lengths(try take(count * WorkerFraming.lengthSize)[...], count: count)
      var parts: [Bytes] = []
      parts.reserveCapacity(count)
      for length in lengths { parts.append(try part(length)) }
      return try WorkerEvent(parts)
    } catch let error as WorkerProtocolError {
      throw .broken(error)
    } catch let error as ZeroMQError where error.isOutOfMemory {
      throw .broken(WorkerProtocolError("a message that memory can't hold"))
    } catch {
      throw .ended
    }
  }

  private mutating func part(_ length: Int) throws -> Bytes {
    guard length > Self.directSize else { return Bytes(try take(length)[...]) }
    let start = buffer[taken..<min(filled, taken + length)]
    let bytes = try stream.receive(length, startingWith: start)
    taken += start.count
    guard let bytes else { throw Failure.ended }
    return bytes
  }

  /// Takes bytes by way of the buffer.
  private mutating func take(_ count: Int) throws -> [UInt8] {
    var result: [UInt8] = []
    // A table of lengths may be longer than the buffer; it is at most half a megabyte.
    result.reserveCapacity(count)
    while result.count < count {
      if taken == filled {
        taken = 0
        filled = try stream.receive(into: &buffer)
        if filled == 0 { throw Failure.ended }
      }
      let end = min(filled, taken + count - result.count)
      result.append(contentsOf: buffer[taken..<end])
      taken = end
    }
    return result
  }
}
