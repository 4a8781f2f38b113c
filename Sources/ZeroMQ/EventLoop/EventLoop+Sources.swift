// For the loop's thread, except `recall`.
extension EventLoop {
  /// A source of events or a timer, to be cancelled.
  public struct Token: Sendable, Hashable {
    let id: UInt64
  }

  /// Calls back whenever a socket has messages, until cancelled. Cancel before closing the socket.
  ///
  /// The callback should take a bounded number of messages, so that no socket starves another; it is called again as
  /// long as there are more.
  public func onReadable(_ socket: borrowing Socket, _ callback: @escaping () -> Void) -> Token {
    socket.state.mayHaveMessages = true
    return add(socket.descriptor, .socket(socket.handle, socket.state), callback)
  }

  /// Calls back whenever a shared socket has messages, until cancelled.
  ///
  /// As with a socket of the loop's own, the callback may leave messages: it is called again.
  public func onReadable(_ socket: SharedSocket, _ callback: @escaping () -> Void) -> Token {
    let token = add(socket.fileDescriptor, .shared(socket), callback)
    socket.setReceiver(self, token)
    return token
  }

  /// Calls back whenever a file descriptor can be read or was closed by the other side, until cancelled.
  public func onReadable(fileDescriptor: Int32, _ callback: @escaping () -> Void) -> Token {
    add(fileDescriptor, .descriptor, callback)
  }

  /// Calls back once at an instant, unless cancelled before.
  public func schedule(at deadline: ContinuousClock.Instant, _ action: @escaping () -> Void) -> Token {
    checkIsolated()
    let token = makeToken()
    timers.add(token.id, at: deadline, action)
    return token
  }

  /// Cancels a source or a timer; does nothing if it is gone already.
  public func cancel(_ token: Token) {
    checkIsolated()
    // What the callback holds is released after the tables have been changed: its deinitialisers may use the loop.
    if let (source, callback) = sources.remove(token.id) {
      descriptors.remove(source.id, of: source.descriptor)
      return withExtendedLifetime(callback) {}
    }
    if let action = timers.remove(token.id) { withExtendedLifetime(action) {} }
  }

  /// Calls a source back once more, from any thread; does nothing if the source or the loop is gone.
  func recall(_ token: Token) {
    // A loop that has ended has no sources left to call.
    try? execute { [weak self] in self?.sources.callback(of: token.id)?() }
  }

  private func add(_ descriptor: Int32, _ kind: LoopSources.Source.Kind, _ callback: @escaping () -> Void) -> Token {
    checkIsolated()
    let token = makeToken()
    sources.add(LoopSources.Source(id: token.id, descriptor: descriptor, kind: kind), callback)
    descriptors.add(token.id, of: descriptor)
    return token
  }
}
