import MartletWire
import Synchronization

/// A value that every engine has, also one that registers later; see ``Client/broadcast(_:)``.
///
/// ```swift
/// let weights = try await client.broadcast([0.5, 0.25])
/// let scores = try rows.map { try view.apply(score, $0, weights) }   // a name is sent with each call, not the value
/// ```
/// Wherever a function takes the value, the broadcast can be given in its place, see ``RemoteArgument``. Such calls go to any
/// engine. One that lacks the value, because the call was faster or its namespace was cleared, says so before it runs the
/// function; then it is sent the value, and the call is tried again, which counts as no attempt.
///
/// On the engines the value has a ``name``, under which Python sees it: `ipp.Reference(name)`, `view[name]`. It is removed with
/// the last copy of this or by ``release()``, but not before the calls have ended that name it; and when its client is
/// closed or vanishes, as a ``RemoteReference``. A broadcast keeps its client open and the encoded value in the client's
/// memory, for later engines.
public struct Broadcast<Value: Codable & Sendable>: Sendable, CustomStringConvertible {
  /// The name of the value on the engines.
  public let name: String
  /// The size of the encoded value, in bytes.
  public let size: Int
  private let share: BroadcastShare

  init(_ holding: BroadcastHolding, size: Int) {
    (name, self.size) = (holding.name, size)
    share = BroadcastShare(holding)
  }

  /// Frees the value on all engines, once the calls have ended that name it. Further calls with any copy of this throw.
  public func release() { _ = share.holding.withLock { $0.take() } }

  /// The name, type and size.
  public var description: String { "\(name): \(Value.self), \(size) bytes on every engine" }
}

extension Broadcast: RemoteArgument {
  public typealias RemoteValue = Value

  public func remoteArgument() throws -> RemoteArgumentValue {
    guard let holding = share.holding.withLock({ $0 }) else {
      throw ClientError(.invalidArgument, "the broadcast \(name) was released")
    }
    return RemoteArgumentValue(value: .reference(name), broadcast: holding)
  }
}

/// What the copies of a broadcast have in common.
private final class BroadcastShare: Sendable {
  let holding: Mutex<BroadcastHolding?>

  init(_ holding: BroadcastHolding) { self.holding = Mutex(holding) }
}
