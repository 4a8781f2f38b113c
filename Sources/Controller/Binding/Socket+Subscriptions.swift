import MartletZeroMQ

extension Socket {
  /// Reads the subscription messages of an XPUB socket.
  ///
  /// - Parameters:
  ///   - message: a buffer to receive into.
  ///   - ears: learns where they come from.
  ///   - limit: the maximum number of messages to read. It keeps one source of the loop from starving the others.
  /// - Returns: whether there is a new subscription.
  func hasNewSubscriber(using message: inout Multipart, atMost limit: Int, ears: ConnectionEars) -> Bool {
    var isNew = false
    var left = limit
    while left > 0, (try? receive(into: &message)) == true {
      left -= 1
      if ears.isListening, let source = message.sourceDescriptor() {
        ears.hear([.init(descriptor: source, isValid: false, key: message.userID())])
      }
      // A subscription message begins with 1, an unsubscription with 0.
      if message.size(of: 0) > 0, message.bytes(at: 0)[0] == 1 { isNew = true }
    }
    return isNew
  }
}
