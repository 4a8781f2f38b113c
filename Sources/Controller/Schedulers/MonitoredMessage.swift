import Wire
import ZeroMQ

/// A message on its way through the controller: verified, its header read once, its frames shared by the scheduler
/// that forwards it and the hub that records it.
final class MonitoredMessage: Sendable {
  /// Which way it goes.
  enum Queue: String, Sendable {
    case mux, task, iopub
  }

  let queue: Queue
  /// The frames, identities included.
  let frames: SharedMessage
  let layout: MessageLayout
  /// The fields of the header.
  let header: MessageHeader

  /// Takes a message over.
  init(_ queue: Queue, taking frames: inout Multipart, layout: MessageLayout, header: MessageHeader) {
    self.queue = queue
    self.frames = SharedMessage(taking: &frames)
    self.layout = layout
    self.header = header
  }

  /// The indices of all buffers.
  var bufferIndices: Range<Int> { layout.firstBuffer..<max(frames.count, layout.firstBuffer) }

  /// The buffers.
  var buffers: [Bytes] { bufferIndices.map { frames[$0] } }
}
