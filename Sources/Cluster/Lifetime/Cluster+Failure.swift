import Logging
import MartletClient

extension Cluster {
  /// Returns when the cluster can't run anything any more: its controller has ended, or all its engines have, not all of
  /// them on purpose, none is started again, and none that something else started is registered.
  ///
  /// - Returns: what happened, with how the engines ended; `nil` if the cluster was stopped or the task cancelled.
  public func waitForFailure() async -> ClusterError? {
    await wait { $0.hasNoController || $0.hasLostEngines }
    guard state == .running, !Task.isCancelled else { return nil }
    if !hasNoController {
      let loss = engineLoss
      guard await hasOtherEngines() else { return loss }
      logger.warning("\(loss); others are registered, so the cluster goes on with these")
      await waitUntilEnded()
      guard state == .running, !Task.isCancelled else { return nil }
    }
    return controllerLoss ?? ClusterError("the controller ended, its log is in \(configuration.profile.log)")
  }

  /// The error that says how the engines ended.
  var engineLoss: ClusterError {
    // By their processes: the ids of engines are others than the numbers of what was started.
    let ends = places.sorted { ($0.key.set, $0.key.number) < ($1.key.set, $1.key.number) }.compactMap(\.value.end)
    let count = places.values.reduce(0) { $0 + $1.uuids.count }
    let unexpected = ends.filter { !$0.isWanted }
    var lines = unexpected.prefix(Self.listedEnds).map(\.reason)
    if unexpected.count > lines.count { lines.append("and \(unexpected.count - lines.count) more like these") }
    let what = count == 1 ? "the only engine has ended" : "all \(count) engines have ended"
    return ClusterError(
      "\(what), and none is started again (--restart-engines does that): \(lines.joined(separator: "; ")); their logs "
        + "are in \(configuration.profile.log)\(programHint)")
  }

  /// What to look at if all processes have ended by themselves soon after their start, and are not this program's own.
  private var programHint: String {
    guard configuration.engineProgram != .current, places.values.allSatisfy({ $0.end?.exitedAtOnce ?? false }) else {
      return ""
    }
    return "; is \(configuration.engineProgram.executable) a program with a ClusterProgram?"
  }

  /// How many ends an error describes.
  private static let listedEnds = 4

  /// Whether engines are registered that this cluster did not start.
  private func hasOtherEngines() async -> Bool {
    var options = ClientConfiguration()
    // A controller that doesn't answer soon is of no use either.
    options.connectTimeout = .seconds(2)
    guard let connection = try? clientConnection(),
      let client = try? await Client.connect(connection, configuration: options)
    else { return false }
    let own = Set(places.values.flatMap(\.uuids))
    let others = client.engines.contains { !own.contains($0.uuid) }
    await client.close()
    return others
  }
}
