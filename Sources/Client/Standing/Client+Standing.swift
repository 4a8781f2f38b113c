import MartletWire
import Synchronization

extension Client {
  /// Engines that register later no longer get these values, see ``PushScope/includingLaterEngines``. Those that have
  /// them keep them.
  ///
  /// - Parameter names: the names under which they were pushed.
  public func forgetPushed(_ names: [String]) {
    connection.standing.withLock { table in for name in names { _ = table.remove(name) } }
  }

  /// Has later engines get what is about to be pushed to the registered ones.
  ///
  /// - Returns: the registered engines.
  /// - Throws: ``ClientError`` if the view isn't one of all engines or a value can't be encoded.
  func addPushed(
    _ values: [String: any Encodable & Sendable], _ targets: EngineTargets
  ) throws(ClientError) -> [RegisteredEngine] {
    guard targets == .all else {
      throw ClientError(
        .invalidArgument, "push: later engines are included in a view of all engines only, such as client[...]")
    }
    guard !isClosed else { throw ClientError.closed }
    var standing: [(String, StandingValue)] = []
    for (name, value) in values {
      standing.append(
        (name, StandingValue(call: try DirectView.pushCall([name: value]), metadata: RequestMetadata.plain(label: nil)))
      )
    }
    return connection.add(standing)
  }
}
