import MartletZeroMQ

/// An IOPub message about a request other than output and status.
struct Publication: Sendable {
  let type: String
  /// What follows `engine.<id>.` in the topic frame; `nil` for the type.
  var topic: String?
  let content: [UInt8]
  /// A JSON object, to which the engine's uuid is added.
  var metadata: [UInt8] = []
  var buffers: [Bytes] = []
}
