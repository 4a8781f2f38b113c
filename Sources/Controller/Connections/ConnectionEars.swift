import MartletZeroMQ
import Synchronization

/// What the loop of a socket tells the ``ConnectionWatch`` about the socket's connections, without waiting for it.
///
/// A connection's first message may be read before anybody has read that the connection was made, and the connection may have
/// the descriptor of one that has just ended. So what the monitor has reported until then is noted first.
final class ConnectionEars: Sendable {
  /// What was told since the last look.
  struct Notes: Sendable {
    /// When the last message came from a connection, and the last valid one, and with which key.
    var heard: [Int32: (any: Instant, valid: Instant?, key: String?)] = [:]
    /// Connections made and ended, and when that was read, if the socket's owner reads its monitor itself.
    var events: [(event: SocketEvent, time: Instant)] = []
    /// Since when an engine that lives can't be reached; `nil` if there is none.
    var missingSince: Instant?
  }

  /// A connection that a message came from.
  struct Sender: Equatable, Sendable {
    let descriptor: Int32
    /// Whether the message was valid.
    let isValid: Bool
    /// The peer's public CURVE key, if it is known.
    let key: String?
  }

  /// Whether to tell the keys of peers, too, which are admitted by them.
  let identifies: Bool
  /// Whether to tell where each message comes from, be it a known peer's.
  private let hearsEverybody: Bool
  /// Nil if the socket's owner reads it.
  private let monitor: SharedSocketMonitor?
  private let notes = Mutex(Notes())
  private let listening = Atomic<Bool>(false)
  private let publishedBytes = Atomic<Int>(0)

  init(_ role: ConnectionRole, identifies: Bool, monitor: SharedSocketMonitor?) {
    hearsEverybody = role.mayEndUnheard
    self.identifies = identifies
    self.monitor = monitor
  }

  /// Whether to tell where messages come from. It costs a look-up per message, so on most sockets it is asked for only while
  /// there is somebody to learn about.
  var isListening: Bool { hearsEverybody || listening.load(ordering: .relaxed) }

  /// The bytes sent to every subscriber so far.
  var published: UInt64 { UInt64(truncatingIfNeeded: publishedBytes.load(ordering: .relaxed)) }

  /// Notes that messages came from connections.
  func hear(_ senders: [Sender]) {
    notes.withLock { notes in
      readMonitor(&notes)
      let now = Instant.now
      for sender in senders {
        let known = notes.heard[sender.descriptor]
        notes.heard[sender.descriptor] = (
          any: now, valid: sender.isValid ? now : known?.valid, key: sender.key ?? known?.key
        )
      }
    }
  }

  /// Notes what a monitor reported. Whoever has just connected may send at once, so it is listened to from now on.
  func note(_ event: SocketEvent) { notes.withLock { note(event, &$0) } }

  private func note(_ event: SocketEvent, _ notes: inout Notes) {
    notes.events.append((event, .now))
    if event.kind == .accepted { listening.store(true, ordering: .relaxed) }
  }

  private func readMonitor(_ notes: inout Notes) {
    while let event = monitor?.next() { note(event, &notes) }
  }

  /// Takes what was reported about connections since the last look.
  func takeEvents() -> [(event: SocketEvent, time: Instant)] {
    notes.withLock { notes in
      readMonitor(&notes)
      defer { notes.events = [] }
      return notes.events
    }
  }

  /// Tells whether there is anybody to learn about among the connections that were taken note of. Later ones count, too.
  func listen(_ isNeeded: Bool) {
    notes.withLock { notes in
      let isNew = notes.events.contains { $0.event.kind == .accepted }
      listening.store(isNeeded || isNew, ordering: .relaxed)
    }
  }

  /// Notes since when a registered engine could not be reached, although its heart beats.
  func missEngine(since time: Instant) { notes.withLock { $0.missingSince = time } }

  /// Counts a message that was published.
  func publish(_ bytes: Int) { publishedBytes.wrappingAdd(bytes, ordering: .relaxed) }

  /// Takes the notes.
  func take() -> Notes {
    notes.withLock { notes in
      readMonitor(&notes)
      defer { notes = Notes() }
      return notes
    }
  }
}
