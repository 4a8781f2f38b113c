import MartletWire

/// Where Dask's scheduler listens.
struct DaskAddress: Sendable, Hashable {
  /// For example `tcp://127.0.0.1:8786`.
  let address: String
  let ip: String
  let port: Int

  /// The content of the reply to `become_dask_request`.
  var json: JSONValue {
    ["status": "ok", "ip": .string(ip), "address": .string(address), "port": .int(port)]
  }
}

/// Whether Dask's scheduler runs, and who waits for its start.
///
/// Each start has a number, by which late news of an earlier one is recognised.
struct DaskState {
  /// What a request for the scheduler leads to.
  enum Outcome {
    /// The scheduler is to be started under this number; the asker waits.
    case start(Int)
    /// The asker waits for a start that is under way.
    case wait
    /// The scheduler runs.
    case running(DaskAddress)
  }

  private enum Phase {
    case absent
    case starting([Asker])
    case running(DaskAddress)
  }

  private var phase = Phase.absent
  private var start = 0

  /// The most askers that may wait for a start.
  static let waitingLimit = 64

  /// Handles a request for the scheduler.
  ///
  /// - Throws: ``HubError`` when too many wait already.
  mutating func request(_ asker: Asker) throws(HubError) -> Outcome {
    switch phase {
    case .running(let address): return .running(address)
    case .starting(let askers):
      guard askers.count < Self.waitingLimit else {
        throw .runtime("\(askers.count) requests wait for Dask's scheduler; try again later")
      }
      phase = .starting(askers + [asker])
      return .wait
    case .absent:
      start += 1
      phase = .starting([asker])
      return .start(start)
    }
  }

  /// Notes that the scheduler runs.
  ///
  /// - Returns: those that wait for it.
  mutating func started(_ number: Int, _ address: DaskAddress) -> [Asker] {
    guard number == start, case .starting(let askers) = phase else { return [] }
    phase = .running(address)
    return askers
  }

  /// Notes that the scheduler could not be started or has ended.
  ///
  /// - Returns: those that wait for it; `nil` for one that was stopped before.
  mutating func ended(_ number: Int) -> [Asker]? {
    guard number == start else { return nil }
    return stop()
  }

  /// Notes that the scheduler is being stopped.
  ///
  /// - Returns: those that wait for its start; `nil` if there is none.
  mutating func stop() -> [Asker]? {
    defer { phase = .absent }
    switch phase {
    case .absent: return nil
    case .starting(let askers): return askers
    case .running: return []
    }
  }
}
