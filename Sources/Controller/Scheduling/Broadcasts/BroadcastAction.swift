/// What the driver of a ``BroadcastState`` has to do.
enum BroadcastAction<Payload> {
  /// Send the message to a target under `messageID`, with `original_msg_id` in its metadata.
  case dispatch(Payload, originalID: String, messageID: String, target: BroadcastTarget)
  /// Send one engine's reply to the client as it is.
  case deliver(Payload, messageID: String, engine: EngineIdentity)
  /// Answer the client once: `base` provides the header, metadata and content, `replies` the buffers one after the
  /// other, and `targets` the metadata `broadcast_targets`.
  case coalesce(base: Payload, replies: [Payload], originalID: String, targets: [BroadcastTarget])
  /// Answer in place of an engine: for one target's `messageID`; or, when coalescing, for the whole broadcast, in which
  /// case `messageID` is the original one and `targets` goes to `broadcast_targets`.
  case fail(Payload, messageID: String, TaskFailureReason, targets: [BroadcastTarget], isCoalescing: Bool)
  /// Refuse a broadcast beyond the limit: for each target or, when coalescing, for all of them at once.
  case refuse(Payload, originalID: String, targets: [BroadcastTarget], isCoalescing: Bool, QueueLimit.Excess)
  /// Drop a broadcast whose id is still in flight.
  case duplicate(Payload, originalID: String)
  /// Refuse a broadcast without targets, which would otherwise never be answered.
  case refuseEmpty(Payload, originalID: String)
  /// Count a reply that no broadcast waits for; it is dropped.
  case unknownReply(messageID: String, engine: EngineIdentity)
}

extension BroadcastAction: Sendable where Payload: Sendable {}
extension BroadcastAction: Equatable where Payload: Equatable {}
