import MartletWire
import MartletZeroMQ

/// Probes: requests of the controller's own over a socket, which an engine answers after what it was sent before.
struct Probes {
  private let prefix: String
  /// The identity in the place of a client's, which no client has.
  private let asker: Bytes
  /// How many were made, which makes their ids unique.
  private var count = 0

  /// Asks Martlet's engines to publish nothing about a probe.
  private static let metadata = Array(#"{"no_status":true}"#.utf8)

  init(session: borrowing Session) {
    prefix = "probe_\(session.id)_"
    asker = Bytes(prefix)
  }

  /// Appends a probe to an empty message: `[engine, asker, <IDS|MSG>, …]`.
  mutating func append(
    to message: inout Multipart, engine: EngineIdentity, number: Int, session: inout Session
  ) {
    count += 1
    message.append(Bytes(engine.rawValue))
    message.append(asker)
    session.append(
      to: &message, type: MessageType.kernelInfoRequest, id: "\(prefix)\(number)_\(count)", metadata: Self.metadata)
  }

  /// Whether a message answers a probe.
  ///
  /// - Parameter frame: the frame that holds the identity of the peer the message is for.
  func isAnswer(_ message: borrowing Multipart, at frame: Int) -> Bool { message.frame(frame, equals: asker) }

  /// The number of the probe with this message id; `nil` if it is none of these.
  func number(in id: String) -> Int? {
    guard id.hasPrefix(prefix) else { return nil }
    return id.dropFirst(prefix.count).split(separator: "_").first.flatMap { Int($0) }
  }
}

extension TaskOutcome {
  /// Whether this answer to a probe came in its turn. One that is aborted or returned is answered before what the engine is
  /// at.
  var answersProbe: Bool {
    switch self {
    case .ok, .failed, .unmetDependency: true
    case .aborted, .returned: false
    }
  }
}
