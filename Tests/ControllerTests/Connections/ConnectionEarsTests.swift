import Foundation
import MartletZeroMQ
import Testing

@testable import MartletController

/// Who is heard over real connections, when nobody but the ears has read the socket's monitor.
@Suite(.timeLimit(.minutes(1))) struct ConnectionEarsTests {
  private let sockets: Sockets
  private var table = ConnectionTable(role: .clients)

  init() throws { sockets = try Sockets() }

  /// A ROUTER with ears, and a peer of it.
  private final class Sockets {
    let router: Socket
    let peer: Socket
    let ears: ConnectionEars
    private let path = "/tmp/mt-ears-\(UUID().uuidString.prefix(8))"
    private let endpoint: String
    private var message = Multipart()

    init() throws {
      router = try Socket(Context(), .router)
      peer = try Socket(Context(), .dealer)
      ears = ConnectionEars(
        .clients, identifies: false, monitor: try SharedSocketMonitor(router, name: "ears", events: .ofConnections))
      endpoint = try router.bind("ipc://\(path)")
      try peer.connect(endpoint)
    }

    // libzmq leaves it behind.
    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Makes a new connection.
    func reconnect() throws {
      try peer.disconnect(endpoint)
      try peer.connect(endpoint)
    }

    /// The descriptor of the connection over which the peer's next message comes.
    func exchange() throws -> Int32 {
      message.append(Bytes("hello"))
      try peer.send(&message)
      let isThere = try router.receive(into: &message, timeout: .seconds(20))
      let descriptor = message.sourceDescriptor()
      message.removeAll()
      #expect(isThere)
      return try #require(descriptor)
    }
  }

  /// Tells the table what the ears have noted, as the watch does.
  private mutating func note() {
    let notes = sockets.ears.take()
    for (event, time) in notes.events {
      let descriptor = Int32(bitPattern: event.value)
      switch event.kind {
      case .accepted: table.accepted(descriptor, now: time)
      case .disconnected: table.disconnected(descriptor, now: time)
      default: break
      }
    }
    for (descriptor, last) in notes.heard { table.heard(descriptor, isValid: last.valid != nil, at: last.any) }
  }

  private func hear(_ descriptor: Int32) {
    sockets.ears.hear([.init(descriptor: descriptor, isValid: true, key: nil)])
  }

  @Test mutating func theFirstMessageOfAConnectionIsHeard() throws {
    #expect(sockets.ears.isListening, "though nobody has told that there is a connection")
    hear(try sockets.exchange())
    note()
    #expect(table.count == 1)
    #expect(!table.isListening, "the peer has proven itself")
  }

  /// A message counts for the connection that has the descriptor now, not for the one that ended before.
  @Test mutating func theFirstMessageOverADescriptorThatWasAnothersIsHeard() throws {
    let former = try sockets.exchange()
    hear(former)
    note()
    // Until the system gives away the descriptor of the first connection.
    var descriptor: Int32
    repeat {
      try sockets.reconnect()
      descriptor = try sockets.exchange()
    } while descriptor != former
    hear(descriptor)
    note()
    let ends = table.check(now: .now + ConnectionTable.reconnectionTime + .seconds(1), published: 0) { _ in nil }
    #expect(!ends.contains { $0.descriptor == descriptor })
  }
}
