import MartletWire

/// How far a function says it has come.
struct ProgressStep: Sendable, Hashable {
  /// From 0 to 1.
  let fraction: Double
  let text: String

  /// The fraction is limited to what is allowed; not-a-number counts as 0.
  init(fraction: Double, text: String) {
    self.fraction = fraction.isNaN ? 0 : min(max(fraction, 0), 1)
    self.text = text
  }

  /// As the data that `publish_data` of ipyparallel would send: `{"progress": {"fraction": …, "text": …}}`.
  var publication: Publication {
    let data: PickleValue = ["progress": ["fraction": .float(fraction), "text": .string(text)]]
    return Publication(
      type: MessageType.dataMessage, topic: "datapub", content: Array(#"{"keys":["progress"]}"#.utf8),
      buffers: ResultBuffers.serialize(data))
  }
}

/// Limits how often a task says how far it has come. The latest is always published, if late. A value without I/O: time is
/// passed in.
struct ProgressPace: Sendable {
  private static let interval = Duration.milliseconds(50)

  private var last: ContinuousClock.Instant?
  private var held: ProgressStep?

  /// The task has come so far.
  ///
  /// - Returns: what to publish; `nil` if it is too early.
  mutating func add(_ step: ProgressStep, at now: ContinuousClock.Instant) -> ProgressStep? {
    if let last, last.duration(to: now) < Self.interval {
      held = step
      return nil
    }
    (last, held) = (now, nil)
    return step
  }

  /// The task has ended.
  ///
  /// - Returns: what was held back and is to be published now.
  mutating func end() -> ProgressStep? { held.take() }
}
