import MartletWire
import MartletZeroMQ

/// Copies of broadcasts that their engines never answer.
extension BroadcastScheduler {
  func connectionsChanged(_ leaf: Int) {
    // Replies that have arrived are not lost.
    readLeaf(leaf)
    while let event = try? connections[leaf].monitor.next() {
      leaves[leaf].ears?.note(event)
      if event.kind == .disconnected { open[leaf].connectionBroke(now: .now) }
    }
    act()
  }

  func lookAtEngines() {
    let now = ContinuousClock.now
    for leaf in leaves.indices {
      guard let deadline = open[leaf].nextDeadline, deadline <= now else { continue }
      for probe in open[leaf].look(now: now) {
        probes.append(to: &outgoing, engine: probe.engine, number: probe.number, session: &session)
        if leaves[leaf].send(&outgoing) == .sent { open[leaf].probeSent(to: probe.engine) }
        outgoing.removeAll()
      }
    }
  }

  func takeProbeAnswer(_ id: String, from engine: EngineIdentity, leaf: Int) {
    guard let number = probes.number(in: id) else { return }
    for lost in open[leaf].probeAnswered(by: engine, number: number) {
      state.replyLost(from: engine, originalID: lost.payload)
    }
  }
}
