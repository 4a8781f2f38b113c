/// How far an engine has come that finishes what it has begun before it leaves. A value without a clock: time is passed in.
///
/// It leaves when nothing runs, a moment after something did, and the controller has said that it has no tasks here any
/// more: until then a task may be on its way, or a reply.
struct EngineRetirement: Sendable, Hashable {
  /// What to do next.
  enum Step: Sendable, Hashable {
    /// Return what waits, and look again after this time.
    case wait(Duration)
    /// Leave: everything has ended, or nobody is there any more who could say so.
    case leave
    /// Leave, although something still runs or the controller has not answered.
    case leaveUnfinished
  }

  /// When the time of grace is over.
  let end: ContinuousClock.Instant
  /// Whether the controller has said so.
  private(set) var isConfirmed = false
  /// Whether a registration has not been answered.
  private var isRegistering = false
  /// When it was last seen that something runs or waits.
  private var busyAt: ContinuousClock.Instant?
  /// Since when the controller can't be reached.
  private var missingSince: ContinuousClock.Instant?

  /// How long to wait between two looks.
  static let interval = Duration.milliseconds(20)
  /// How long an engine with nothing to do waits for a controller that can't be reached. Where a whole cluster is stopped,
  /// the controller may be gone first.
  static let patience = Duration.seconds(1)
  /// How long an engine stays that was busy. ipyparallel's client gives up the replies of an engine if it learns that the engine
  /// has left before it has read them, from another socket.
  static let linger = Duration.milliseconds(100)
  /// How long an engine that has lost a task waits for the controller to take back the others.
  static let lossGrace = Duration.seconds(1)

  /// A retirement that may take some time.
  ///
  /// - Parameter wasBusy: whether something ran until now.
  init(grace: Duration, wasBusy: Bool = false, now: ContinuousClock.Instant) {
    end = now + grace
    busyAt = wasBusy ? now : nil
  }

  /// The controller has no tasks any more on this engine. While the engine registers again, it says that of an engine that it
  /// didn't know.
  mutating func confirmed() { isConfirmed = !isRegistering }

  /// The engine registers again, after which it may be given tasks.
  mutating func registersAgain() { (isRegistering, isConfirmed) = (true, false) }

  /// The engine has registered again, and tells the controller once more that it is about to leave.
  mutating func registeredAgain() { (isRegistering, isConfirmed) = (false, false) }

  /// Looks at the engine.
  ///
  /// - Parameters:
  ///   - isIdle: whether no request runs or waits.
  ///   - isConnected: whether the controller can be reached.
  mutating func step(isIdle: Bool, isConnected: Bool, now: ContinuousClock.Instant) -> Step {
    if !isIdle { busyAt = now }
    missingSince = isConnected ? nil : missingSince ?? now
    let mayLeave = isConfirmed && busyAt.map { now >= min($0 + Self.linger, end) } ?? true
    if isIdle, mayLeave || missingSince.map({ now - $0 >= Self.patience }) ?? false { return .leave }
    return now < end ? .wait(min(Self.interval, end - now)) : .leaveUnfinished
  }
}
