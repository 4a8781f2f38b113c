extension Client {
  /// A view of one engine; a negative id counts from the end of ``ids``. Calls throw
  /// ``ClientError/Code/noSuchEngine`` when there is no such engine at their time.
  public subscript(id: Int) -> EngineView { EngineView(DirectView(client: self, targets: .ids([id]))) }

  /// A view of several engines by id.
  public subscript(ids: [Int]) -> DirectView { DirectView(client: self, targets: .ids(ids)) }

  /// A view of the engines at some positions of ``ids``, cut to what is there at the time of each call.
  public subscript(positions: Range<Int>) -> DirectView { DirectView(client: self, targets: .positions(positions)) }

  /// A view of the engines at some positions of ``ids``, cut to what is there at the time of each call.
  public subscript(positions: ClosedRange<Int>) -> DirectView { self[Range(positions)] }

  /// A view of all engines there are at the time of each call: `client[...]`.
  public subscript(all: UnboundedRange) -> DirectView { DirectView(client: self, targets: .all) }

  /// A view that sends each call to each of its engines.
  public func direct(_ targets: EngineTargets = .all) -> DirectView { DirectView(client: self, targets: targets) }

  /// A view whose calls go to whichever engine is free.
  ///
  /// - Parameter targets: the engines that may be chosen.
  public func loadBalanced(targets: EngineTargets = .all) -> LoadBalancedView {
    LoadBalancedView(client: self, targets: targets)
  }

  /// A view that sends one message, which the controller multiplies for all engines.
  ///
  /// - Parameters:
  ///   - targets: the engines.
  ///   - isCoalescing: the controller collects the results and sends them back as one. Errors get lost in it: the call
  ///     then fails without saying why.
  public func broadcast(_ targets: EngineTargets = .all, isCoalescing: Bool = false) -> BroadcastView {
    BroadcastView(client: self, targets: targets, isCoalescing: isCoalescing)
  }
}
