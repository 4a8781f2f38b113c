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

  /// Connects to the leaf of the broadcast tree that belongs to an id. Connections to other leaves remain.
  func connectLeaf(of connection: ConnectionInfo, id: Int) throws {
    let leaves = try connection.endpoints(.broadcast)
    try shell.connect(leaves[id % leaves.count])
  }

  /// Connects to a controller at other endpoints.
  ///
  /// - Throws: as ``init(_:_:options:id:)``.
  func move(from old: ConnectionInfo, to new: ConnectionInfo, id: Int) throws {
    let (former, later) = (try old.endpoints(.broadcast), try new.endpoints(.broadcast))
    let channels: [(SharedSocket, [String], [String])] = [
      (
        shell, [try old.endpoint(.mux), try old.endpoint(.task), former[id % former.count]],
        [try new.endpoint(.mux), try new.endpoint(.task), later[id % later.count]]
      ),
      (control, [try old.endpoint(.control)], [try new.endpoint(.control)]),
      (iopub, [try old.endpoint(.iopub)], [try new.endpoint(.iopub)]),
    ]
    for (socket, old, new) in channels {
      for endpoint in old { try socket.disconnect(endpoint) }
      for endpoint in new { try socket.connect(endpoint) }
    }
  }

  /// Closes the sockets, even if others still refer to them.
  func close() {
    for socket in [shell, control, iopub] { socket.close() }
  }
}
