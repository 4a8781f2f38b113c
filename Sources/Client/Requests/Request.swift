import MartletZeroMQ

/// A message that is ready to be signed and sent, with the replies it will get.
struct Request: Sendable {
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
  /// Whether it can be sent again if the controller says that it never had it.
  var isRepeatable = false
}
