import MartletWire

/// The sockets on which a client sends requests.
enum RequestChannel: String, Sendable, Hashable, CaseIterable {
  case query, mux, task, control, broadcast

  /// The channel's name in the connection file.
  var connection: ConnectionInfo.Channel {
    switch self {
    case .query: .registration
    case .mux: .mux
    case .task: .task
    case .control: .control
    case .broadcast: .broadcast
    }
  }
}
