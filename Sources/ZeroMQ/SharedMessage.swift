import CZeroMQ

/// A received message that several parts of a program keep: its frames don't change any more, and everything taken out
/// of it refers to them.
///
/// `@unchecked Sendable`: any thread may read the frames; only the thread that made it may call ``append(_:to:)``, as
/// libzmq counts references to a frame in a way that only one thread may begin.
public final class SharedMessage: @unchecked Sendable {
  private let frames: Multipart

  /// Takes the frames over and leaves an empty message.
  public init(taking message: inout Multipart) {
    var taken = Multipart()
    swap(&taken, &message)
    frames = taken
  }

  /// How many frames there are.
  public var count: Int { frames.count }

  /// A frame, sharing this message's memory; empty for one that isn't there.
  public subscript(index: Int) -> Bytes {
    let memory = frames.memory(at: index)
    return memory.isEmpty ? Bytes() : Bytes(owner: self, base: memory.baseAddress, count: memory.count)
  }

  /// A frame as UTF-8 text; empty for one that isn't there.
  public func text(at index: Int) -> String { frames.text(at: index) }

  /// The sum of all frames' sizes in bytes.
  public var totalSize: Int { frames.totalSize() }

  /// Appends references to some of the frames to a message that is to be sent; no payload is copied.
  public func append(_ indices: Range<Int>, to message: inout Multipart) {
    for index in indices { message.append(sharing: frames, index) }
  }
}
