import MartletWire
import MartletZeroMQ

/// Probes: requests of the scheduler's own that engines answer after the tasks they were sent before.
extension TaskScheduler {
  /// The identity in the place of a client's.
  private static let asker = Bytes("probe")
  /// Asks Martlet's engines to publish nothing about a probe.
  private static let metadata = Array(#"{"no_status":true}"#.utf8)
  /// The first byte of the ids of probes, which those of tasks rarely begin with.
  private static let initial = UInt8(ascii: "p")

  private var idPrefix: String { "probe_\(session.id)_" }

  /// Sends a probe. One that can't be sent is dropped: the next is sent in time.
  func probe(_ engine: EngineIdentity, number: Int) {
    // Tasks that wait for the connection would come after the probe, whose answer means that they came before it.
    guard !unreachable.contains(engine) else { return }
    probeCount += 1
    outgoing.append(Bytes(engine.rawValue))
    outgoing.append(Self.asker)
    session.append(
      to: &outgoing, type: MessageType.kernelInfoRequest, id: "\(idPrefix)\(number)_\(probeCount)",
      metadata: Self.metadata)
    engines.send(&outgoing)
    outgoing.removeAll()
  }

  /// Takes the answer to a probe.
  ///
  /// - Returns: whether it is one.
  func takeProbeAnswer(_ id: String, from engine: EngineIdentity, _ outcome: TaskOutcome) -> Bool {
    guard id.utf8.first == Self.initial, let number = probeNumber(in: id) else { return false }
    switch outcome {
    case .ok, .failed, .unmetDependency: state.probeAnswered(by: engine, number: number, now: .now)
    // A probe that is aborted or returned is answered before what the engine is at.
    case .aborted, .returned: break
    }
    return true
  }

  private func probeNumber(in id: String) -> Int? {
    let prefix = idPrefix
    guard id.hasPrefix(prefix) else { return nil }
    return id.dropFirst(prefix.count).split(separator: "_").first.flatMap { Int($0) }
  }
}
