import MartletWire
import MartletZeroMQ
import Synchronization

/// Verifies everything the engine receives, on all channels and both threads, with one session: a message that was
/// accepted on one channel is refused as a replay on every other.
final class MessageVerifier: Sendable {
  /// What the mutex guards.
  struct State: ~Copyable {
    var session: Session
    /// Room for the message being received, reused for the next.
    var incoming = Multipart()

    fileprivate init(session: consuming Session) { self.session = session }
  }

  private let state: Mutex<State>

  /// Creates a verifier.
  ///
  /// - Throws: `WireError` for an unknown signature scheme.
  init(key: String, scheme: String) throws(WireError) {
    state = Mutex(State(session: try Session(key: key, scheme: scheme)))
  }

  /// Verifies with another key from now on.
  ///
  /// - Throws: `WireError` for an unknown signature scheme.
  func useKey(_ key: String, scheme: String) throws(WireError) {
    try state.withLock { (state) throws(WireError) in state.session = try Session(key: key, scheme: scheme) }
  }

  /// Verifies one message; see `Session.take(_:)`.
  func take(_ frames: inout Multipart) throws(WireError) -> Message {
    try state.withLock { (state) throws(WireError) in try state.session.take(&frames) }
  }

  /// Holds the session while several messages are received, so that they keep the socket's order.
  func withLock<Failure: Error>(_ body: (inout State) throws(Failure) -> Void) throws(Failure) {
    try state.withLock { (state) throws(Failure) in try body(&state) }
  }

  /// Lets messages that went back to their sender unused come once more.
  func readmit(_ messages: some Sequence<Message>) {
    state.withLock { state in for message in messages { state.session.readmit(message) } }
  }
}
