extension Connection {
  /// Sends a call to one engine.
  nonisolated func submit(
    _ call: Call, to engine: RegisteredEngine, metadata: [UInt8], collectsOutput: Bool, state: ResultState, slot: Int
  ) {
    let id = messageIDs.next()
    let engines = [engine]
    guard let attempt = state.begin(slot, id: id, engines: engines, outputs: collectsOutput ? 1 : 0) else { return }
    send(
      Request(
        channel: .mux, type: call.type, id: id, target: engine.frame,
        metadata: RequestMetadata.of(attempt, metadata, state.trace?.begin(slot..<slot + 1, id: id, attempt: attempt)),
        content: call.content,
        buffers: call.buffers,
        expected: [
          ExpectedReply(
            id: id, engines: engines,
            destination: ResultSlot(state: state, slot: slot, collectsOutput: collectsOutput, attempt: attempt))
        ]))
  }
}
