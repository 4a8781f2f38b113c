import CMartletZeroMQ

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What an event loop waits for: descriptors, in one poll, and the sockets behind them.
///
/// `zmq_poll` would ask every socket for its events before and after each poll, with system calls of their own.
struct LoopSources {
  struct Source {
    let id: UInt64
    let descriptor: Int32
    let kind: Kind

    enum Kind {
      case descriptor
      case socket(UnsafeMutableRawPointer, SocketState)
      case shared(SharedSocket)
    }

    /// Whether the socket has messages that its descriptor does not tell of. libzmq is asked only if something was done
    /// to the socket: the question costs a system call or two.
    var hasUnsignalledMessages: Bool {
      switch kind {
      case .descriptor: return false
      case .shared(let socket): return socket.hasUnsignalledMessages()
      case .socket(let handle, let state):
        guard state.mayHaveMessages else { return false }
        var events: Int32 = 0
        var size = MemoryLayout<Int32>.size
        guard zmq_getsockopt(handle, ZMQ_EVENTS, &events, &size) == 0 else { return false }
        state.mayHaveMessages = events & ZMQ_POLLIN != 0
        return state.mayHaveMessages
      }
    }
  }

  private var entries: [UInt64: (source: Source, callback: () -> Void)] = [:]
  /// The sources in the order of their registration.
  private var order: [Source] = []
  /// The descriptors of `order`, behind that of the wake-up.
  private var descriptors: [pollfd] = []
  private var orderIsStale = true
  /// Indices in `order` of the sources to call back.
  private var ready: [Int] = []

  mutating func add(_ id: UInt64, _ descriptor: Int32, _ kind: Source.Kind, _ callback: @escaping () -> Void) {
    entries[id] = (Source(id: id, descriptor: descriptor, kind: kind), callback)
    orderIsStale = true
  }

  /// Removes a source.
  ///
  /// - Returns: its callback, if it was there.
  mutating func remove(_ id: UInt64) -> (() -> Void)? {
    guard let entry = entries.removeValue(forKey: id) else { return nil }
    orderIsStale = true
    return entry.callback
  }

  func callback(of id: UInt64) -> (() -> Void)? { entries[id]?.callback }

  /// Prepares a poll of the wake-up's descriptor and the sources.
  mutating func arrange(behind wakeUp: Int32) {
    ready.removeAll(keepingCapacity: true)
    guard orderIsStale else { return }
    orderIsStale = false
    order = entries.values.map(\.source).sorted { $0.id < $1.id }
    descriptors = [pollfd(fd: wakeUp, events: Int16(POLLIN), revents: 0)]
    descriptors += order.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
  }

  /// Notes the sockets that have messages their descriptors do not tell of.
  ///
  /// - Returns: whether there are any.
  mutating func findUnsignalled() -> Bool {
    for index in order.indices where order[index].hasUnsignalledMessages { ready.append(index) }
    return !ready.isEmpty
  }

  /// Waits for the descriptors, see poll(2).
  mutating func poll(_ timeout: Int32) -> Int32 {
    #if canImport(Glibc)
      Glibc.poll(&descriptors, nfds_t(descriptors.count), timeout)
    #elseif canImport(Musl)
      Musl.poll(&descriptors, nfds_t(descriptors.count), timeout)
    #else
      Darwin.poll(&descriptors, nfds_t(descriptors.count), timeout)
    #endif
  }

  /// Whether the last poll found the wake-up.
  var hasWakeUp: Bool { descriptors[0].revents != 0 }

  /// Notes the sources whose descriptors the last poll found.
  ///
  /// A socket's descriptor may tell of something other than messages: its callback finds none then.
  mutating func addSignalled() {
    for index in order.indices where descriptors[index + 1].revents != 0 && !ready.contains(index) {
      ready.append(index)
    }
    ready.sort()
  }

  /// How many sources are to be called back.
  var readyCount: Int { ready.count }

  /// The callback of one of them, unless it was cancelled meanwhile.
  func readyCallback(_ index: Int) -> (() -> Void)? { callback(of: order[ready[index]].id) }
}
