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
    let now = Instant.now
    for leaf in leaves.indices {
      guard let deadline = open[leaf].nextDeadline, deadline <= now else { continue }
      unsentProbes[leaf] = open[leaf].look(now: now)
    }
    sendProbes()
  }

  /// Sends the probes that are due; those that can't be sent are tried again.
  func sendProbes() {
    for leaf in leaves.indices {
      unsentProbes[leaf].removeAll { probe in
        guard open[leaf].awaitsReplies(of: probe.engine) else { return true }
        probes.append(to: &outgoing, engine: probe.engine, number: probe.number, session: &session)
        defer { outgoing.removeAll() }
        guard leaves[leaf].send(&outgoing) == .sent else { return false }
        open[leaf].probeSent(to: probe.engine)
        return true
      }
      for probe in unsentProbes[leaf] { retrySoon(for: probe.engine) { $0.retry() } }
    }
  }

  func takeProbeAnswer(_ id: String, from engine: EngineIdentity, leaf: Int) {
    guard let number = probes.number(in: id) else { return }
    for lost in open[leaf].probeAnswered(by: engine, number: number) {
      state.replyLost(from: engine, originalID: lost.payload)
    }
  }
}
