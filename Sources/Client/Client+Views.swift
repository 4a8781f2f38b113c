extension Client {
  /// A view of one engine by its id. Negative ids count from the end of ``ids``: `client[-1]` is the last engine.
  ///
  /// Calls throw ``ClientError/Code/noSuchEngine`` if the engine doesn't exist at their time.
  public subscript(id: Int) -> EngineView { EngineView(DirectView(client: self, targets: .ids([id]))) }

  /// A view of several engines by their ids: `client[[0, 2]]`. Negative ids count from the end of ``ids``.
  public subscript(ids: [Int]) -> DirectView { DirectView(client: self, targets: .ids(ids)) }

  /// A view of the engines at these positions in ``ids``: `client[0..<2]`. Positions without an engine are left out.
  public subscript(positions: Range<Int>) -> DirectView { DirectView(client: self, targets: .positions(positions)) }

  /// A view of the engines at these positions in ``ids``: `client[0...1]`. Positions without an engine are left out.
  public subscript(positions: ClosedRange<Int>) -> DirectView {
    // There is no position `.max`, and a range that includes it has no end.
    self[positions.lowerBound..<max(positions.lowerBound, min(positions.upperBound, .max - 1) + 1)]
  }

  /// A view of all engines that are registered at the time of each call: `client[...]`.
  public subscript(all: UnboundedRange) -> DirectView { DirectView(client: self, targets: .all) }

  /// A view that sends each call to every one of its engines.
  ///
  /// - Parameter targets: the engines.
  public func direct(_ targets: EngineTargets = .all) -> DirectView { DirectView(client: self, targets: targets) }

  /// A view whose calls run on whichever engine is free.
  ///
  /// - Parameter targets: the engines that may be chosen.
  public func loadBalanced(targets: EngineTargets = .all) -> LoadBalancedView {
    LoadBalancedView(client: self, targets: targets)
  }

  /// A view that sends one message for all its engines, which the controller multiplies.
  ///
  /// - Parameters:
  ///   - targets: the engines.
  ///   - isCoalescing: whether the controller collects the results and sends them back as one message. Such a message
  ///     doesn't carry errors: if an engine fails, the call fails without saying why.
  public func broadcast(_ targets: EngineTargets = .all, isCoalescing: Bool = false) -> BroadcastView {
    BroadcastView(client: self, targets: targets, isCoalescing: isCoalescing)
  }
}
