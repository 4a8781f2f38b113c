import MartletWire

/// What peers connect to a socket for, which decides what is expected of a connection.
enum ConnectionRole: Sendable, Hashable {
  /// A ROUTER that receives the requests of clients, or registrations.
  case clients
  /// A ROUTER that sends requests to engines.
  case engines
  /// The ROUTER that receives heartbeats: every peer is heard once a period.
  case hearts
  /// The SUB that receives what engines publish.
  case output
  /// A publisher. Nothing but subscriptions comes from its peers.
  case subscribers

  init(_ channel: ConnectionInfo.Channel, _ side: EndpointBinder.Side) {
    self =
      switch channel {
      case .heartbeatPong: .hearts
      case .heartbeatPing, .notification: .subscribers
      case .iopub: side == .engine ? .output : .subscribers
      case .registration: .clients
      case .mux, .task, .control, .broadcast: side == .engine ? .engines : .clients
      }
  }

  /// Whether a connection that nothing has come from may be ended for the sake of a peer of whom nothing else is known.
  var mayEndUnheard: Bool { self == .clients }

  /// Whether a valid message proves that its sender has the key. Heartbeats are not signed.
  var provesPeers: Bool { self != .hearts && self != .subscribers }
}
