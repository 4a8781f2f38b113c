import CMartletZeroMQ

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension Multipart {
  /// Receives a message; frames beyond the limit are dropped and counted.
  ///
  /// - Returns: 0 or the errno.
  mutating func receive(_ handle: UnsafeMutableRawPointer, flags: Int32) -> Int32 {
    removeAll()
    while true {
      let slot = nextSlot()
      zmq_msg_init(slot)
      // Only the first frame can be missing: libzmq delivers whole messages.
      while zmq_msg_recv(slot, handle, count == 1 ? flags : 0) == -1 {
        let code = zmq_errno()
        if code == EINTR { continue }
        removeAll()
        return code
      }
      if zmq_msg_more(slot) == 0 { return 0 }
      if count == Self.frameLimit { return dropRest(handle) }
    }
  }

  /// Receives and drops the rest of a message, so that the next call receives the next message.
  private mutating func dropRest(_ handle: UnsafeMutableRawPointer) -> Int32 {
    var frame = zmq_msg_t()
    zmq_msg_init(&frame)
    // Receiving into a frame releases its old content.
    defer { zmq_msg_close(&frame) }
    while true {
      if zmq_msg_recv(&frame, handle, 0) == -1 {
        let code = zmq_errno()
        if code == EINTR { continue }
        removeAll()
        return code
      }
      droppedFrames += 1
      if zmq_msg_more(&frame) == 0 { return 0 }
    }
  }

  /// Sends the message and empties it.
  ///
  /// - Returns: 0 or the errno; the message is unchanged if its first frame was not accepted.
  mutating func send(_ handle: UnsafeMutableRawPointer, flags: Int32) -> Int32 {
    for index in 0..<count {
      let more = index + 1 < count ? ZMQ_SNDMORE : 0
      while zmq_msg_send(slab + head + index, handle, flags | more) == -1 {
        let code = zmq_errno()
        if code == EINTR { continue }
        if index == 0 { return code }
        // Frames that libzmq took are empty now; dropping the message keeps the slab consistent.
        guard code == EAGAIN else {
          removeAll()
          return code
        }
        // The peer has gone between two frames, and libzmq drops the rest of this message up to its last frame. It must
        // still be given that rest, or it would drop the next message instead.
        break
      }
    }
    removeAll()
    return 0
  }
}
