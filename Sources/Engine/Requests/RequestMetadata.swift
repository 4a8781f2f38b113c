import MartletWire
import MartletZeroMQ

/// The fields of a request's metadata that an engine copies into the reply or obeys.
struct RequestMetadata: Sendable, Hashable {
  /// `is_broadcast`: the request went to several engines through the broadcast schedulers.
  var isBroadcast = false
  /// `is_coalescing`: the replies to a broadcast are merged on their way back.
  var isCoalescing = false
  /// `original_msg_id`: the client's id for a broadcast, each copy of which has its own id.
  var originalMessageID = ""
  /// `label`, as JSON text.
  var label = RequestMetadata.noLabel
  /// `no_status`, a Martlet extension: `true` asks for no `status` messages about this request. Instead, `outputs` in the
  /// reply's metadata gives the number of other IOPub messages, which tells a client when it has all output. Engines that
  /// don't know the field send `status` messages.
  var wantsStatus = true
  /// `attempt`: how often the task scheduler has sent the task, this time included.
  var attempt = 1
  /// `earlier_attempts`, a Martlet extension: how often the client has sent the task before, under other ids.
  var earlierAttempts = 0
  /// `deadline`, a Martlet extension: when it is too late to start it.
  var deadline: Timestamp?
  /// `time_request`, a Martlet extension: how much of its time the engine must have left, in seconds.
  var timeRequest: Duration?
  /// `execution_timeout`, a Martlet extension: how long it may run, in seconds.
  var executionTimeout: Duration?
  /// `stop_grace`, a Martlet extension: how long it may go on after it was told to stop, in seconds; `nil` for as long as the
  /// engine allows.
  var stopGrace: Duration?
  /// `nesting`, a Martlet extension: how many calls on engines wait for this one; 0 if a client made it.
  var nesting = 0
  /// `keep`, a Martlet extension: the name that the request sets, and for whom it is kept.
  var keep: KeptName?
  /// `trace`, a Martlet extension: the trace to which it belongs.
  var trace: TraceContext?

  /// Whether all fields copied into the reply have their defaults.
  var isPlain: Bool { !isBroadcast && label == Self.noLabel && originalMessageID.isEmpty }

  private static let none = Bytes("{}")
  private static let noLabel = Array("null".utf8)

  /// The default fields.
  init() {}

  /// Reads a metadata frame.
  ///
  /// - Throws: ``WireError/Code/malformedJSON``.
  init(_ bytes: Bytes) throws(WireError) {
    if bytes == Self.none { return }
    try bytes.withSpan { (span) throws(WireError) in
      try JSONFields.scan(span) { (key: JSONKey, value: Range<Int>) throws(WireError) in
        switch key {
        case "is_broadcast": isBroadcast = JSONText.isTrue(span, at: value)
        case "is_coalescing": isCoalescing = JSONText.isTrue(span, at: value)
        case "original_msg_id": originalMessageID = try JSONText.optionalString(span, at: value) ?? ""
        case "label" where !JSONText.isNull(span, at: value):
          label = try JSONText.json(span, at: value).bytes.array
        case "attempt": attempt = try JSONText.json(span, at: value).intValue ?? 1
        case "earlier_attempts": earlierAttempts = max(try JSONText.json(span, at: value).intValue ?? 0, 0)
        case "nesting": nesting = max(try JSONText.json(span, at: value).intValue ?? 0, 0)
        case "no_status": wantsStatus = !JSONText.isTrue(span, at: value)
        case "deadline": deadline = try TaskTimeLimit.date(span, at: value, key.string)
        case "execution_timeout": executionTimeout = try TaskTimeLimit.duration(span, at: value, key.string)
        case "stop_grace": stopGrace = try TaskTimeLimit.time(JSONText.json(span, at: value), "metadata stop_grace")
        case "time_request": timeRequest = try TaskTimeLimit.duration(span, at: value, key.string)
        case "keep" where !JSONText.isNull(span, at: value): keep = try KeptName(JSONText.json(span, at: value))
        case "trace": trace = TraceContext(try JSONText.json(span, at: value))
        default: break
        }
      }
    }
  }
}
