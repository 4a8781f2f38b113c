import MartletWire
import MartletZeroMQ

/// libzmq's question whether a peer may connect, in version 1.0 of the ZeroMQ authentication protocol (RFC 27, ZAP).
struct AuthenticationRequest: Sendable, Hashable {
  /// Where the context's sockets ask.
  static let endpoint = "inproc://zeromq.zap.01"

  /// Who asks.
  private let identity: Bytes
  private let id: Bytes
  /// What the socket was given as its domain.
  let domain: String
  /// The peer's IP address; empty for `ipc`.
  let address: String
  /// The peer's public key in Z85.
  let key: String

  /// Reads a question as a ROUTER receives it.
  ///
  /// - Throws: ``WireError`` for anything but a question about a CURVE key.
  init(_ message: borrowing Multipart) throws(WireError) {
    guard message.count == 9, message.size(of: 1) == 0, message.text(at: 2) == "1.0" else {
      throw WireError(.malformedFrames, "no request of ZAP 1.0")
    }
    guard message.text(at: 7) == "CURVE", let key = CurveKeyPair.text(of: message.shared(8)) else {
      throw WireError(.malformedFrames, "the mechanism \(message.text(at: 7)) without a key")
    }
    identity = message.shared(0)
    id = message.shared(3)
    domain = message.text(at: 4)
    address = message.text(at: 5)
    self.key = key
  }

  /// The answer.
  ///
  /// - Parameter isAdmitted: whether the peer may connect; its key is then the `User-Id` of its messages.
  func answer(isAdmitted: Bool) -> Multipart {
    var answer = Multipart(minimumCapacity: 8)
    answer.append(identity)
    answer.append("")
    answer.append("1.0")
    answer.append(id)
    answer.append(Bytes(isAdmitted ? "200" : "400"))
    answer.append(Bytes(isAdmitted ? "OK" : "the key is not admitted"))
    answer.append(Bytes(isAdmitted ? key : ""))
    answer.append("")
    return answer
  }
}
