import CMartletZeroMQ

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A received message that several parts of a program keep: its frames don't change any more, and everything taken out
/// of it refers to them.
///
/// One allocation of exactly the size that is needed; the room of the message it was taken from stays where it is.
///
/// `@unchecked Sendable`: any thread may read the frames; only the thread that made it may call ``append(_:to:)``, as
/// libzmq counts references to a frame in a way that only one thread may begin.
public struct SharedMessage: @unchecked Sendable {
  private let storage: FrameStorage

  /// Takes the frames over and leaves an empty message.
  public init(taking message: inout Multipart) { storage = message.moveFrames() }

  /// How many frames there are.
  public var count: Int { storage.header }

  /// A frame, sharing this message's memory; empty for one that isn't there.
  public subscript(index: Int) -> Bytes {
    let memory = storage.memory(at: index)
    return memory.isEmpty ? Bytes() : Bytes(owner: storage, base: memory.baseAddress, count: memory.count)
  }

  /// A frame as UTF-8 text; empty for one that isn't there.
  public func text(at index: Int) -> String { String(decoding: storage.memory(at: index), as: UTF8.self) }

  /// The sum of all frames' sizes in bytes.
  public var totalSize: Int { (0..<count).reduce(0) { $0 + storage.memory(at: $1).count } }

  /// Appends references to some of the frames to a message that is to be sent; no payload is copied.
  public func append(_ indices: Range<Int>, to message: inout Multipart) {
    for index in indices { storage.withFrame(index) { message.append(sharing: $0) } }
  }
}

/// The frames behind ``SharedMessage`` in the tail of one allocation, with their number.
final class FrameStorage: ManagedBuffer<Int, zmq_msg_t> {
  /// Takes over frames, which must not be used where they were any more.
  static func moving(_ frames: UnsafeMutablePointer<zmq_msg_t>, count: Int) -> FrameStorage {
    let made = FrameStorage.create(minimumCapacity: count) { buffer in
      // libzmq messages may be moved as plain memory as long as one copy is used afterwards.
      _ = buffer.withUnsafeMutablePointerToElements { memcpy($0, frames, count * MemoryLayout<zmq_msg_t>.stride) }
      return count
    }
    return unsafeDowncast(made, to: FrameStorage.self)
  }

  /// Calls a closure with a frame, or with `nil` for one that isn't there.
  func withFrame<Result>(_ index: Int, _ body: (UnsafeMutablePointer<zmq_msg_t>?) -> Result) -> Result {
    withUnsafeMutablePointers { count, frames in body(index >= 0 && index < count.pointee ? frames + index : nil) }
  }

  /// Where a frame's payload is, as long as this object lives.
  func memory(at index: Int) -> UnsafeRawBufferPointer {
    withFrame(index) { frame in
      guard let frame, let data = zmq_msg_data(frame) else { return UnsafeRawBufferPointer(start: nil, count: 0) }
      return UnsafeRawBufferPointer(start: data, count: zmq_msg_size(frame))
    }
  }

  deinit {
    withUnsafeMutablePointers { count, frames in
      for index in 0..<count.pointee { zmq_msg_close(frames + index) }
    }
  }
}
