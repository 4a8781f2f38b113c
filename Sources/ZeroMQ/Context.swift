import CMartletZeroMQ

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A libzmq context: the I/O threads that all sockets of a process share.
///
/// Sockets keep their context alive; it is terminated when the last of them is gone.
/// Safe to share between threads, as libzmq documents.
public final class Context: @unchecked Sendable {
  let handle: UnsafeMutableRawPointer

  /// Creates a context.
  ///
  /// - Parameters:
  ///   - ioThreads: libzmq I/O threads; one serves about a gigabyte per second.
  ///   - maxSockets: the most sockets this context opens (libzmq's own default is 1,023).
  /// - Throws: the errno when the process is out of file descriptors or memory.
  public init(ioThreads: Int = 1, maxSockets: Int? = nil) throws(ZeroMQError) {
    guard let handle = zmq_ctx_new() else {
      throw ZeroMQError(code: zmq_errno(), operation: "zmq_ctx_new")
    }
    self.handle = handle
    zmq_ctx_set(handle, ZMQ_IO_THREADS, Int32(clamping: ioThreads))
    #if os(Linux)
      if Self.mayScheduleInBatches { zmq_ctx_set(handle, ZMQ_THREAD_SCHED_POLICY, SCHED_BATCH) }
    #endif
    if let maxSockets { zmq_ctx_set(handle, ZMQ_MAX_SOCKETS, Int32(clamping: maxSockets)) }
  }

  /// The version of libzmq in use, for example `4.3.4`.
  public static var libraryVersion: String {
    var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
    zmq_version(&major, &minor, &patch)
    return "\(major).\(minor).\(patch)"
  }

  #if os(Linux)
    /// Whether the I/O threads can have Linux's policy for batches: woken up, they wait until whoever sends has done so
    /// with all it has, or the processor's next tick, instead of taking its place for each message.
    ///
    /// It is tried out on this thread: where it is forbidden, libzmq would end the process.
    private static var mayScheduleInBatches: Bool {
      var parameters = sched_param()
      guard sched_getscheduler(0) == SCHED_OTHER, sched_setscheduler(0, SCHED_BATCH, &parameters) == 0 else {
        return false
      }
      return sched_setscheduler(0, SCHED_OTHER, &parameters) == 0
    }
  #endif

  deinit {
    // Sockets retain the context, so all are closed by now and this waits for their linger at most.
    while zmq_ctx_term(handle) == -1 && zmq_errno() == EINTR {}
  }
}
