/// What unfinished messages of peers that have not proven to have the key may take, all together.
///
/// Their bytes are known. What they take isn't: libzmq keeps 64 bytes for each frame, so that frames of one byte, 3 with
/// their header, take some 21 times what was received. So where that could be too much, the memory of the process decides.
///
/// A value without I/O: the memory is an argument.
struct HeldMemory {
  /// The limit in bytes.
  let limit: UInt64
  /// What the process occupied when somebody began to hold something.
  private var before: Int?

  /// More than a received byte can take.
  private static let factor: UInt64 = 24

  init(limit: UInt64) { self.limit = limit }

  /// Whether it is too much.
  ///
  /// What the C library keeps after a connection was ended doesn't count, or all others would be ended, too.
  ///
  /// - Parameters:
  ///   - held: the bytes of unfinished messages.
  ///   - resident: the bytes that the process occupies; `nil` if that is unknown.
  ///   - allocated: how many of them are in use; `nil` if that is unknown. Slower to find out.
  mutating func isExceeded(
    held: UInt64, resident: @autoclosure () -> Int?, allocated: @autoclosure () -> Int?
  ) -> Bool {
    guard held > 0 else {
      before = nil
      return false
    }
    if before == nil { before = resident() }
    if held > limit { return true }
    guard held > limit / Self.factor, let before, let allocated = allocated() else { return false }
    return allocated > before && UInt64(allocated - before) > limit
  }
}
