import MartletWire
import MartletZeroMQ

/// The sockets requests go out on.
enum RequestChannel: String, Sendable, Hashable, CaseIterable {
  case query, mux, task, control, broadcast

  /// The channel of the connection file.
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

/// Where a reply goes: one slot of a result.
struct Destination: Sendable {
  let state: ResultState
  let slot: Int
  /// Whether IOPub messages about the request go there, too.
  var collectsOutput = false
}

/// A reply that a request will get.
struct ExpectedReply: Sendable {
  /// The id the reply's parent header will have.
  let id: String
  /// The engines whose death means that there will be no reply; empty where a scheduler answers for them.
  let engines: [EngineIdentity]
  /// Who waits for it.
  let destination: Destination
  /// Other ids under which IOPub messages will come.
  var outputIDs: [String] = []
}

/// A message that is ready to be signed and sent.
struct Request {
  let channel: RequestChannel
  let type: String
  let id: String
  /// The engine's routing identity on mux and control.
  var target: Bytes?
  /// A JSON object, or empty for `{}`.
  var metadata: [UInt8] = []
  /// A JSON object, or empty for `{}`.
  var content: [UInt8] = []
  var buffers: [Bytes] = []
  var expected: [ExpectedReply]
}
