import CMartletZeroMQ

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A libzmq context: the I/O threads that all sockets of a process share.
///
/// Sockets keep their context alive; it is terminated when the last of them is gone.
///
/// `@unchecked Sendable`: the only property is a constant handle, and libzmq documents contexts as safe to use from any
/// number of threads without a lock (zmq_ctx_new(3)).
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
    /// Whether the I/O threads may use Linux's policy for batches. A woken thread then waits until the sender is through
    /// with all its messages, or for the processor's next tick, instead of preempting the sender for each message.
    ///
    /// The policy is tried out on this thread first: where it is forbidden, libzmq would abort the process.
    private static var mayScheduleInBatches: Bool {
      var parameters = sched_param()
      guard sched_getscheduler(0) == SCHED_OTHER, sched_setscheduler(0, SCHED_BATCH, &parameters) == 0 else {
        return false
      }
      return sched_setscheduler(0, SCHED_OTHER, &parameters) == 0
    }
  #endif

  deinit {
    // Sockets retain the context, so all of them are closed by now. This waits for their linger time at most.
    while zmq_ctx_term(handle) == -1 && zmq_errno() == EINTR {}
  }
}
