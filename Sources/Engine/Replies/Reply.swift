import MartletWire
import MartletZeroMQ

/// The content, metadata and buffers of a reply.
struct Reply: Sendable {
  let content: [UInt8]
  /// A JSON object. If the request asks for no `status` messages it starts with `OutputCount.none`.
  let metadata: [UInt8]
  var buffers: [Bytes] = []

  /// The metadata with the number of IOPub messages about the request, for a request that asks for no `status` messages.
  func metadata(outputs: Int) -> [UInt8] {
    outputs == 0 ? metadata : Array("{\"outputs\":\(outputs)".utf8) + metadata.dropFirst(OutputCount.none.count)
  }
}
