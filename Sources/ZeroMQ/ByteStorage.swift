import CMartletZeroMQ

/// Keeps a value alive whose memory ``Bytes`` refer to.
final class KeptStorage<Value> {
  private let value: Value
  init(_ value: Value) { self.value = value }
}

/// The memory behind ``Bytes`` in one allocation, whose tail holds the bytes themselves or a libzmq message.
///
/// The tail consists of words, because a libzmq message must be aligned like the pointers it holds.
final class ByteStorage: ManagedBuffer<ByteStorage.Header, UInt> {
  struct Header {
    var base: UnsafeRawPointer
    var count: Int
    var isFrame: Bool
  }

  /// Up to this many bytes, copying is cheaper than a reference count shared between threads.
  static let inlineLimit = 1024

  var base: UnsafeRawPointer { header.base }
  var size: Int { header.count }

  static func copying(_ source: UnsafeRawBufferPointer) -> ByteStorage {
    let made = ByteStorage.create(minimumCapacity: words(source.count)) { buffer in
      buffer.withUnsafeMutablePointerToElements { tail in
        UnsafeMutableRawBufferPointer(start: tail, count: source.count).copyMemory(from: source)
        return Header(base: UnsafeRawPointer(tail), count: source.count, isFrame: false)
      }
    }
    return unsafeDowncast(made, to: ByteStorage.self)
  }

  static func frame(_ fill: (UnsafeMutablePointer<zmq_msg_t>) -> Void) -> ByteStorage {
    let made = ByteStorage.create(minimumCapacity: words(MemoryLayout<zmq_msg_t>.size)) { buffer in
      buffer.withUnsafeMutablePointerToElements { tail in
        let message = UnsafeMutableRawPointer(tail).bindMemory(to: zmq_msg_t.self, capacity: 1)
        fill(message)
        let data = zmq_msg_data(message).map { UnsafeRawPointer($0) } ?? UnsafeRawPointer(tail)
        return Header(base: data, count: zmq_msg_size(message), isFrame: true)
      }
    }
    return unsafeDowncast(made, to: ByteStorage.self)
  }

  private static func words(_ bytes: Int) -> Int {
    let size = MemoryLayout<UInt>.size
    return bytes / size + (bytes % size == 0 ? 0 : 1)
  }

  deinit {
    guard header.isFrame else { return }
    withUnsafeMutablePointerToElements { tail in
      _ = zmq_msg_close(UnsafeMutableRawPointer(tail).assumingMemoryBound(to: zmq_msg_t.self))
    }
  }
}
