/// Where a reply goes: one task of a result.
struct ResultSlot: Sendable {
  let state: ResultState
  let slot: Int
  /// Whether IOPub messages about the request go there, too.
  var collectsOutput = false
  /// Which attempt at the task the request is.
  var attempt = 1

  /// Ends the task, which will get no reply.
  func fail(_ error: any Error) { state.fail(slot, error) }
}

/// A reply that a request will get.
struct ExpectedReply: Sendable {
  /// The id in the reply's parent header.
  let id: String
  /// The engines without which there will be no reply; empty if a scheduler answers for them.
  let engines: [RegisteredEngine]
  /// Where the reply goes.
  let destination: ResultSlot
  /// Other ids under which the engines will publish output.
  var outputIDs: [String] = []
}
