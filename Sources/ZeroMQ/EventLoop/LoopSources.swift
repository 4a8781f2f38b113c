import CMartletZeroMQ

/// What an event loop waits for: descriptors, and the sockets behind them.
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

    var isSocket: Bool { if case .descriptor = kind { false } else { true } }

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

  /// The number of what wakes the loop; sources have larger ones.
  static let wakeUp: UInt64 = 0

  private var entries: [UInt64: (source: Source, callback: () -> Void)] = [:]
  /// The sockets in the order of their registration.
  private var sockets: [Source] = []
  /// The sources to call back.
  private var ready: [UInt64] = []

  mutating func add(_ source: Source, _ callback: @escaping () -> Void) {
    entries[source.id] = (source, callback)
    if source.isSocket { sockets.append(source) }
  }

  /// Removes a source.
  ///
  /// - Returns: what it was, if it was there.
  mutating func remove(_ id: UInt64) -> (source: Source, callback: () -> Void)? {
    guard let entry = entries.removeValue(forKey: id) else { return nil }
    if entry.source.isSocket { sockets.removeAll { $0.id == id } }
    return entry
  }

  func callback(of id: UInt64) -> (() -> Void)? { entries[id]?.callback }

  /// The sources with their descriptors.
  var all: some Collection<Source> { entries.values.lazy.map(\.source) }

  /// Notes the sockets that have messages their descriptors do not tell of.
  ///
  /// - Returns: whether there are any.
  mutating func findUnsignalled() -> Bool {
    ready.removeAll(keepingCapacity: true)
    for index in sockets.indices where sockets[index].hasUnsignalledMessages { ready.append(sockets[index].id) }
    return !ready.isEmpty
  }

  /// Waits for descriptors and notes their sources.
  ///
  /// A socket's descriptor may tell of something other than messages: its callback finds none then.
  ///
  /// - Parameter timeout: in milliseconds; without limit if negative.
  /// - Returns: how many descriptors can be read.
  mutating func wait(for descriptors: inout WatchedDescriptors, _ timeout: Int32) -> Int {
    descriptors.wait(timeout, &ready)
  }

  /// Puts the sources to be called back in the order of their registration, each once.
  mutating func arrangeReady() {
    guard ready.count > 1 else { return }
    ready.sort()
    var last: UInt64?
    ready.removeAll { id in
      defer { last = id }
      return id == last
    }
  }

  /// Whether the wake-up is among those to be called back.
  var hasWakeUp: Bool { ready.first == Self.wakeUp }

  /// How many sources are to be called back.
  var readyCount: Int { ready.count }

  /// The callback of one of them; `nil` for the wake-up, and for one that was cancelled meanwhile.
  func readyCallback(_ index: Int) -> (() -> Void)? { callback(of: ready[index]) }
}
