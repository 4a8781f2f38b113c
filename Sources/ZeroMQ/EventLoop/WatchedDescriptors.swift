import CMartletZeroMQ

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The descriptors that an event loop waits for, each with the sources that it belongs to.
///
/// On Linux the kernel keeps the list (epoll(7)), so that a wait costs the same for any number of descriptors: a loop watches
/// the connections of most of its sockets, too, and looks again and again while it stays awake. Other systems have poll(2).
struct WatchedDescriptors: ~Copyable {
  /// The sources of each descriptor, by their numbers.
  private var owners: [Int32: [UInt64]] = [:]
  #if os(Linux)
    private let epoll: Int32
    private var events = [epoll_event](repeating: epoll_event(), count: 64)
    /// What epoll refuses, such as a regular file. It counts as readable, as it does for poll.
    private var refused: Set<Int32> = []
  #else
    private var polled: [pollfd] = []
  #endif

  /// - Throws: the errno when the process is out of descriptors.
  init() throws(ZeroMQError) {
    #if os(Linux)
      epoll = epoll_create1(epoll_close_on_exec)
      guard epoll >= 0 else { throw ZeroMQError(code: errno, operation: "epoll_create1") }
    #endif
  }

  #if os(Linux)
    deinit { close(epoll) }
  #endif

  /// Adds a source of a descriptor. One that was closed without being removed doesn't get in the way of the next that has
  /// its number.
  mutating func add(_ source: UInt64, of descriptor: Int32) {
    owners[descriptor, default: []].append(source)
    #if os(Linux)
      var event = epoll_event(events: epoll_readable, data: epoll_data_t(fd: descriptor))
      if epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 || errno == EEXIST {
        refused.remove(descriptor)
      } else {
        refused.insert(descriptor)
      }
    #else
      if !polled.contains(where: { $0.fd == descriptor }) {
        polled.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
      }
    #endif
  }

  /// Removes a source, and the descriptor with its last one.
  mutating func remove(_ source: UInt64, of descriptor: Int32) {
    owners[descriptor]?.removeAll { $0 == source }
    guard owners[descriptor]?.isEmpty == true else { return }
    owners[descriptor] = nil
    #if os(Linux)
      refused.remove(descriptor)
      // It fails if the descriptor was closed before.
      var event = epoll_event()
      _ = epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event)
    #else
      polled.removeAll { $0.fd == descriptor }
    #endif
  }

  /// Waits until descriptors can be read or were closed by the other side.
  ///
  /// - Parameters:
  ///   - timeout: in milliseconds; without limit if negative.
  ///   - ready: gets the sources of those descriptors.
  /// - Returns: how many descriptors there are.
  mutating func wait(_ timeout: Int32, _ ready: inout [UInt64]) -> Int {
    #if os(Linux)
      let found = epoll_wait(epoll, &events, Int32(events.count), refused.isEmpty ? timeout : 0)
      for index in 0..<max(0, Int(found)) { ready += owners[events[index].data.fd] ?? [] }
      for descriptor in refused { ready += owners[descriptor] ?? [] }
      return max(0, Int(found)) + refused.count
    #else
      let found = Darwin.poll(&polled, nfds_t(polled.count), timeout)
      guard found > 0 else { return 0 }
      for entry in polled where entry.revents != 0 { ready += owners[entry.fd] ?? [] }
      return Int(found)
    #endif
  }
}
