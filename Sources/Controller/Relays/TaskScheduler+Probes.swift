import MartletWire
import MartletZeroMQ

/// Probes of engines that are silent about their oldest task.
extension TaskScheduler {
  /// Sends a probe. One that can't be sent is dropped: the next is sent in time.
  func probe(_ engine: EngineIdentity, number: Int) {
    // Tasks that wait for the connection would come after the probe, whose answer means that they came before it.
    guard !unreachable.contains(engine) else { return }
    probes.append(to: &outgoing, engine: engine, number: number, session: &session)
    engines.send(&outgoing)
    outgoing.removeAll()
  }

  /// Takes the answer to a probe.
  func takeProbeAnswer(_ id: String, from engine: EngineIdentity, _ outcome: TaskOutcome) {
    guard outcome.answersProbe, let number = probes.number(in: id) else { return }
    state.probeAnswered(by: engine, number: number, now: .now)
  }
}
