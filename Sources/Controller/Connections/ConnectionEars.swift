import MartletZeroMQ
import Synchronization

/// What the loop of a socket tells the ``ConnectionWatch`` about the socket's connections, without waiting for it.
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

  /// Whether to tell the keys of peers, too, which are admitted by them.
  let identifies: Bool
  private let notes = Mutex(Notes())
  private let listening = Atomic<Bool>(false)
  private let publishedBytes = Atomic<Int>(0)

  init(identifies: Bool) { self.identifies = identifies }

  /// Whether to tell where messages come from. It costs a look-up per message, so it is asked for only while there is
  /// somebody to learn about.
  var isListening: Bool { listening.load(ordering: .relaxed) }

  /// The bytes sent to every subscriber so far.
  var published: UInt64 { UInt64(truncatingIfNeeded: publishedBytes.load(ordering: .relaxed)) }

  /// Notes that a message came from a connection.
  ///
  /// - Parameter key: the peer's public CURVE key, if it is known.
  func hear(_ descriptor: Int32, isValid: Bool, key: String?) {
    let now = Instant.now
    notes.withLock { notes in
      let known = notes.heard[descriptor]
      notes.heard[descriptor] = (any: now, valid: isValid ? now : known?.valid, key: key ?? known?.key)
    }
  }

  /// Notes what a monitor reported. Whoever has just connected may send at once, so it is listened to from now on.
  func note(_ event: SocketEvent) {
    notes.withLock { notes in
      notes.events.append((event, .now))
      if event.kind == .accepted { listening.store(true, ordering: .relaxed) }
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
      defer { notes = Notes() }
      return notes
    }
  }
}
