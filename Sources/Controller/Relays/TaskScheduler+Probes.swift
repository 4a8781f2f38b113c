import MartletWire
import MartletZeroMQ

/// Probes of engines that are silent about their oldest task.
extension TaskScheduler {
  /// Sends a probe, or holds it while the engine can't be reached: an engine that has the tasks and no connection may
  /// have to connect again.
  func probe(_ engine: EngineIdentity, number: Int) {
    // Tasks that wait for the connection would come after the probe, whose answer means that they came before it.
    guard !held.contains(engine) else { return }
    probes.append(to: &outgoing, engine: engine, number: number, session: &session)
    if engines.send(&outgoing) != .sent {
      held.holdProbe(of: engine, number: number)
      retrySoon(for: engine) { $0.retry() }
    }
    outgoing.removeAll()
  }

  /// Takes the answer to a probe.
  func takeProbeAnswer(_ id: String, from engine: EngineIdentity, _ outcome: TaskOutcome) {
    guard outcome.answersProbe, let number = probes.number(in: id) else { return }
    state.probeAnswered(by: engine, number: number, now: .now)
  }
}
