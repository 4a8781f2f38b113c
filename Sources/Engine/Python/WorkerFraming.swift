/// The framing of messages between an engine and its Python: the number of parts (32 bits), the length of each (64 bits),
/// both with the lowest byte first, then the parts.
enum WorkerFraming {
  /// The size of the number of parts.
  static let countSize = 4
  /// The size of a length.
  static let lengthSize = 8
  /// The most parts of a message, as of a message on the wire.
  static let partLimit = 65_536
  /// The longest first part, which is JSON: far more than the source of the worker or the names of a namespace.
  static let headLimit = 64 << 20

  /// What precedes parts of these lengths.
  static func prefix(_ lengths: some Collection<Int>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(countSize + lengthSize * lengths.count)
    append(lengths.count, size: countSize, to: &bytes)
    for length in lengths { append(length, size: lengthSize, to: &bytes) }
    return bytes
  }

  /// The number of parts.
  ///
  /// - Throws: ``WorkerProtocolError`` for a message without parts or with too many.
  static func partCount(_ bytes: ArraySlice<UInt8>) throws(WorkerProtocolError) -> Int {
    let count = number(bytes.prefix(countSize))
    guard bytes.count >= countSize, count >= 1, count <= UInt64(partLimit) else {
      throw WorkerProtocolError("a message of \(count) parts")
    }
    return Int(count)
  }

  /// The lengths of the parts.
  ///
  /// - Throws: ``WorkerProtocolError`` for lengths that no memory could hold.
  static func lengths(_ bytes: ArraySlice<UInt8>, count: Int) throws(WorkerProtocolError) -> [Int] {
    guard bytes.count >= count * lengthSize else { throw WorkerProtocolError("lengths are missing") }
    var lengths: [Int] = []
    lengths.reserveCapacity(count)
    var rest = bytes
    for index in 0..<count {
      let length = number(rest.prefix(lengthSize))
      rest = rest.dropFirst(lengthSize)
      guard length <= UInt64(index == 0 ? headLimit : Int.max >> 16) else {
        throw WorkerProtocolError("a part of \(length) bytes")
      }
      lengths.append(Int(length))
    }
    return lengths
  }

  private static func append(_ value: Int, size: Int, to bytes: inout [UInt8]) {
    for index in 0..<size { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}

/// Something on the socket to Python that makes no sense.
struct WorkerProtocolError: Error, Sendable, Hashable {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}
