import MartletWire
import MartletZeroMQ

/// The sockets of a registered engine except those for heartbeats.
struct EngineSockets: Sendable {
  /// ROUTER to the mux, task and broadcast schedulers.
  let shell: SharedSocket
  /// ROUTER to the control scheduler.
  let control: SharedSocket
  /// PUB to the IOPub relay.
  let iopub: SharedSocket

  /// Opens and connects the sockets.
  ///
  /// - Parameters:
  ///   - options: identity and keys.
  ///   - id: the engine's number, which determines its leaf of the broadcast tree. Not negative.
  /// - Throws: `ConnectionError` when the connection file lacks a channel, `ZeroMQError`.
  init(_ context: Context, _ connection: ConnectionInfo, options: SocketOptions, id: Int) throws {
    let leaves = try connection.endpoints(.broadcast)
    let shell = try Socket(context, .router, options: options)
    for endpoint in [try connection.endpoint(.mux), try connection.endpoint(.task), leaves[id % leaves.count]] {
      try shell.connect(endpoint)
    }
    let control = try Socket(context, .router, options: options)
    try control.connect(try connection.endpoint(.control))
    let iopub = try Socket(context, .publish, options: options)
    try iopub.connect(try connection.endpoint(.iopub))
    self.shell = try SharedSocket(shell)
    self.control = try SharedSocket(control)
    self.iopub = try SharedSocket(iopub)
  }

  /// Closes the sockets, even if others still refer to them.
  func close() {
    for socket in [shell, control, iopub] { socket.close() }
  }
}
