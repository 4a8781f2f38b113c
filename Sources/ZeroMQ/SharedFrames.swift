import CMartletZeroMQ

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The frames of a received message, which no longer change, so that several parts of a program can keep them. Everything
/// taken out of them refers to their memory.
///
/// It takes one allocation of exactly the needed size. The room of the message it was taken from stays there for reuse.
///
/// `@unchecked Sendable`: the frames are never written to after this is made, so any thread may read them, and the storage
/// is released atomically. The exception is ``append(_:to:)``, which changes a frame's reference count in a way that is
/// atomic only once the frame is shared: only one thread at a time may call it. Martlet calls it where the message is
/// received.
public struct SharedFrames: @unchecked Sendable {
  private let storage: FrameStorage

  /// Takes the frames of a message and leaves it empty.
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

  /// Appends references to some of the frames to a message to be sent, as far as they are there; copies no payload.
  public func append(_ indices: Range<Int>, to message: inout Multipart) {
    for index in indices.clamped(to: 0..<count) { storage.withFrame(index) { message.append(sharing: $0) } }
  }
}

/// The libzmq messages behind ``SharedFrames`` in the tail of one allocation, with their number as the header.
final class FrameStorage: ManagedBuffer<Int, zmq_msg_t> {
  /// Moves frames here; the originals must not be used any more.
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

  /// The memory of a frame's payload, valid while this object lives.
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
