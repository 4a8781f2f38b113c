import Logging
import MartletWire
import Synchronization

/// What later engines get. Whoever needs this lock and others takes this one first.
typealias StandingTable = StandingValues<StandingValue, Task<Void, any Error>>

extension Connection {
  /// Has every engine get values, in place of former ones of the same names. Those that are registered are the caller's to
  /// send to; later ones are sent the values before anyone sees the engines.
  ///
  /// - Returns: the registered engines.
  nonisolated func add(_ values: [(String, StandingValue)]) -> [RegisteredEngine] {
    standing.withLock { table in
      let engines = directory.withLock { $0.engines.engines }
      for (name, value) in values { table.add(name, value, sentTo: engines) }
      return engines
    }
  }

  /// Sends a value to an engine that lacks it, unless it is on its way, and waits until the engine has it.
  ///
  /// - Throws: what kept the engine from taking it; ``EngineError`` if it is gone.
  nonisolated func supply(_ name: String, to engine: RegisteredEngine) async throws {
    let delivery = standing.withLock { table -> Task<Void, any Error>? in
      switch table.remedy(name, on: engine) {
      case .underway(let delivery): delivery
      case .send(let parcel): send(parcel, to: engine, &table)
      case nil: nil
      }
    }
    try await delivery?.value
  }

  /// Sends engines what they have not been sent.
  nonisolated func sendParcels(to engines: [RegisteredEngine], _ table: inout StandingTable) {
    for engine in engines {
      for parcel in table.parcels(for: engine) { _ = send(parcel, to: engine, &table) }
    }
  }

  private nonisolated func send(
    _ parcel: StandingTable.Parcel, to engine: RegisteredEngine, _ table: inout StandingTable
  ) -> Task<Void, any Error> {
    let (value, state) = (parcel.value, ResultState(total: 1, method: parcel.value.call.method))
    submit(value.call, to: engine, metadata: value.metadata, collectsOutput: false, state: state, slot: 0)
    value.sent(engine)
    let delivery = Task {
      do {
        try await state.wait(for: .all)
        try state.succeeded(engine)
        standing.withLock { $0.arrived(parcel, on: engine) }
      } catch {
        standing.withLock { $0.failed(parcel, on: engine) }
        if !(error is EngineError || isClosed) {
          logger.warning(
            "an engine has not taken a value that every engine gets",
            metadata: [LogKey.engineUUID: "\(engine.uuid)", LogKey.reason: "\(error)"])
        }
        throw error
      }
    }
    table.sent(parcel, to: engine, delivery)
    return delivery
  }

  private nonisolated var isClosed: Bool { outbox.isClosed }
}

extension ResultState {
  /// Checks that the only task, which an engine ran, has succeeded.
  fileprivate func succeeded(_ engine: RegisteredEngine) throws {
    let task = storage.withLock { $0.tasks[0] }
    guard let reply = try task.outcome?.get() else { return }
    if let failure = reply.failure(id: task.id, method: method, engineID: { _ in engine.id }) { throw failure }
  }
}
