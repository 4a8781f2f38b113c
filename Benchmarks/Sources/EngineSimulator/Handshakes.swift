import Martlet
import MartletZeroMQ

/// What libzmq alone takes to connect many sockets with CURVE over loopback, a bound for registrations: one I/O thread for the
/// side that accepts, as in a controller, and one for all others.
enum Handshakes {
  /// A socket that has sent a message.
  private final class Peer {
    private let socket: Socket

    init(_ context: Context, _ endpoint: String, _ options: SocketOptions) throws {
      socket = try Socket(context, .dealer, options: options)
      try socket.connect(endpoint)
      var message = Multipart()
      message.append("x")
      try socket.send(&message)
    }
  }

  /// Connects sockets, until a message from each has arrived.
  static func measure(_ count: Int) throws -> Duration {
    let server = try CurveKeyPair.generate()
    var options = SocketOptions()
    options.linger = .zero
    options.curve = .server(server)
    let router = try Socket(try Context(), .router, options: options)
    let endpoint = try router.bind("tcp://127.0.0.1:*")
    options.curve = .client(try .generate(), serverKey: server.publicKey)
    let context = try Context(maxSockets: count + 1)
    var peers: [Peer] = []
    let start = ContinuousClock.now
    for _ in 0..<count { peers.append(try Peer(context, endpoint, options)) }
    var message = Multipart()
    for arrived in 0..<count where try !router.receive(into: &message, timeout: .seconds(60)) {
      throw SimulationError("\(arrived) of \(count) handshakes were made")
    }
    return ContinuousClock.now - start
  }
}
