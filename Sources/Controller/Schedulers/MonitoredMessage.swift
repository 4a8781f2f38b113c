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

  /// Shares the frames of a message that is about to be sent; nil when it is no message.
  convenience init?(_ queue: Queue, copying frames: borrowing Multipart) {
    var copy = Multipart()
    for index in 0..<frames.count { copy.append(sharing: frames, index) }
    guard let layout = try? MessageLayout(of: copy),
      let header = try? MessageHeader(scanning: copy.bytes(at: layout.header))
    else { return nil }
    self.init(queue, taking: &copy, layout: layout, header: header)
  }

  /// The indices of all buffers.
  var bufferIndices: Range<Int> { layout.firstBuffer..<max(frames.count, layout.firstBuffer) }

  /// The size of the blocks libzmq receives in; larger frames have memory of their own.
  private static let blockSize = 8192

  /// A frame to be kept for long. A small one is copied: it lies in a block that it would keep alive as a whole.
  func detached(_ index: Int) -> Bytes {
    let frame = frames[index]
    return frame.count <= Self.blockSize ? frame.withSpan { Bytes(copying: $0) } : frame
  }

  /// The buffers, to be kept for long.
  var detachedBuffers: [Bytes] { bufferIndices.map { detached($0) } }
}
