import CMartletZeroMQ

/// Frames for long-term storage, packed into one piece of memory.
///
/// Small frames are copied: each lies in a block that libzmq received together with others, and would keep the whole
/// block alive. Large frames have memory of their own, which is shared. A message of small frames costs one allocation.
public struct PackedFrames: Sendable {
  /// The size of each frame as a 32-bit number (``sharedMark`` for one in `shared`), followed by the copied frames.
  private let packed: Bytes
  /// The large frames, in order.
  private let shared: [Bytes]
  /// How many frames there are.
  public let count: Int

  /// The size of the blocks libzmq receives in.
  private static let largestCopy = 8192
  private static let sharedMark = UInt32.max

  /// Copies the frames of a message from an index on.
  ///
  /// - Parameter omitted: the index of a frame that is not needed; it is stored empty.
  public init(copying message: borrowing Multipart, from first: Int, omitting omitted: Int? = nil) {
    self.init(copying: message, from: first, omitting: omitted, into: nil)
  }

  /// Copies the frames of a message from an index on.
  ///
  /// - Parameters:
  ///   - omitted: the index of a frame that is not needed; it is stored empty.
  ///   - space: where small frames are copied to; memory of their own if there is none.
  package init(
    copying message: borrowing Multipart, from first: Int, omitting omitted: Int? = nil, into space: PackingSpace?
  ) {
    let range = max(0, min(first, message.count))..<message.count
    count = range.count
    guard count > 0 else {
      packed = Bytes()
      shared = []
      return
    }
    var size = count * MemoryLayout<UInt32>.size
    var large: [Bytes] = []
    packed = withUnsafeTemporaryAllocation(of: UnsafeRawBufferPointer.self, capacity: range.count) { frames in
      for (place, index) in range.enumerated() {
        let frame = index == omitted ? UnsafeRawBufferPointer(start: nil, count: 0) : message.memory(at: index)
        frames.initializeElement(at: place, to: frame)
        if frame.count <= Self.largestCopy { size += frame.count } else { large.append(message.shared(index)) }
      }
      return PackingSpace.bytes(count: size, in: space) { target in
        var position = frames.count * MemoryLayout<UInt32>.size
        for (place, frame) in frames.enumerated() {
          let isCopied = frame.count <= Self.largestCopy
          let mark = isCopied ? UInt32(truncatingIfNeeded: frame.count) : Self.sharedMark
          target.storeBytes(of: mark, toByteOffset: place * MemoryLayout<UInt32>.size, as: UInt32.self)
          guard isCopied, frame.count > 0 else { continue }
          UnsafeMutableRawBufferPointer(rebasing: target[position..<(position + frame.count)]).copyMemory(from: frame)
          position += frame.count
        }
      }
    }
    shared = large
  }

  /// A frame; empty for one that isn't there. Takes a step for every frame before it.
  public subscript(index: Int) -> Bytes {
    guard index >= 0, index < count else { return Bytes() }
    var cursor = Cursor()
    for passed in 0..<index { cursor.step(over: mark(passed)) }
    return frame(index, at: cursor)
  }

  /// The frames from an index on, in one pass.
  public func frames(from first: Int) -> [Bytes] {
    guard first < count else { return [] }
    let first = max(0, first)
    var cursor = Cursor()
    var frames: [Bytes] = []
    frames.reserveCapacity(count - first)
    for index in 0..<count {
      if index >= first { frames.append(frame(index, at: cursor)) }
      cursor.step(over: mark(index))
    }
    return frames
  }

  /// The sum of the sizes in bytes of the frames from an index on.
  public func size(from first: Int) -> Int {
    var size = 0
    var cursor = Cursor()
    for index in 0..<count {
      let mark = mark(index)
      if index >= first { size += mark == Self.sharedMark ? shared[cursor.shared].count : Int(mark) }
      cursor.step(over: mark)
    }
    return size
  }

  /// How many bytes are kept, large frames included.
  public var byteCount: Int { packed.count + shared.reduce(0) { $0 + $1.count } }

  /// The position of a walk over the frames.
  private struct Cursor {
    var copied = 0
    var shared = 0

    mutating func step(over mark: UInt32) {
      if mark == PackedFrames.sharedMark { shared += 1 } else { copied += Int(mark) }
    }
  }

  private func mark(_ index: Int) -> UInt32 {
    packed.withUnsafeBytes { $0.load(fromByteOffset: index * MemoryLayout<UInt32>.size, as: UInt32.self) }
  }

  private func frame(_ index: Int, at cursor: Cursor) -> Bytes {
    let mark = mark(index)
    guard mark != Self.sharedMark else { return shared[cursor.shared] }
    let start = count * MemoryLayout<UInt32>.size + cursor.copied
    return packed[start..<(start + Int(mark))]
  }
}
