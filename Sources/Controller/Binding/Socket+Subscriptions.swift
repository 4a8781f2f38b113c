import MartletZeroMQ

extension Socket {
  /// Reads what subscribers have told an XPUB socket.
  ///
  /// - Parameters:
  ///   - message: room to receive in.
  ///   - limit: the most messages that are read, so that no source of the loop starves another.
  /// - Returns: whether one of them has subscribed.
  func hasNewSubscriber(using message: inout Multipart, atMost limit: Int) -> Bool {
    var isNew = false
    var left = limit
    while left > 0, (try? receive(into: &message)) == true {
      left -= 1
      // A subscription begins with 1, its end with 0.
      if message.size(of: 0) > 0, message.bytes(at: 0)[0] == 1 { isNew = true }
    }
    return isNew
  }
}
