import CMartletZeroMQ

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A descriptor that wakes a poll: an eventfd on Linux, a pipe on other systems.
struct WakeUp: ~Copyable {
  let readDescriptor: Int32
  private let writeDescriptor: Int32

  init() throws(ZeroMQError) {
    #if os(Linux)
      let descriptor = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
      guard descriptor >= 0 else { throw ZeroMQError(code: errno, operation: "eventfd") }
      readDescriptor = descriptor
      writeDescriptor = descriptor
    #else
      var ends: [Int32] = [0, 0]
      guard pipe(&ends) == 0 else { throw ZeroMQError(code: errno, operation: "pipe") }
      for end in ends {
        _ = fcntl(end, F_SETFL, O_NONBLOCK)
        _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      }
      readDescriptor = ends[0]
      writeDescriptor = ends[1]
    #endif
  }

  deinit {
    close(readDescriptor)
    if writeDescriptor != readDescriptor { close(writeDescriptor) }
  }

  func signal() {
    var one: UInt64 = 1
    _ = write(writeDescriptor, &one, MemoryLayout<UInt64>.size)
  }

  func drain() {
    var value: UInt64 = 0
    while read(readDescriptor, &value, MemoryLayout<UInt64>.size) > 0 {
      #if os(Linux)
        return
      #endif
    }
  }
}
