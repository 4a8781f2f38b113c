/// How far a dependency has come: counted down as the tasks it names end.
struct DependencyProgress {
  var condition: TaskDependency
  /// How many of the ids have not ended.
  var open = 0
  private var hasAccepted = false
  private var hasRejected = false

  init(condition: TaskDependency) {
    self.condition = condition
  }

  var isMet: Bool { condition.all ? !hasRejected && open == 0 : hasAccepted }
  var isImpossible: Bool { condition.all ? hasRejected : !hasAccepted && open == 0 }

  /// Records the end of one id.
  mutating func record(success: Bool) {
    if condition.accepts(success: success) { hasAccepted = true } else { hasRejected = true }
  }
}

/// The last reason a task with retries did not succeed.
enum LastFailure<Payload> {
  case reply(Payload, EngineIdentity)
  case died(EngineIdentity)
}

/// What restricts when and where a task runs.
struct TaskConstraints<Payload> {
  var targets: [EngineIdentity] = []
  var after: DependencyProgress?
  var follow: DependencyProgress?
  /// The distinct engines where tasks named by `follow` ended as wanted.
  var followEngines: [EngineToken] = []
  /// Whether a task named by `follow` ended without an engine.
  var followIsNowhere = false
  /// The engines that failed the task or do not meet its functional dependencies.
  var blacklist: Set<EngineToken> = []
  var lastFailure: LastFailure<Payload>?
  var timeout: Duration?
  /// The armed timer, zero if none.
  var timer: UInt64 = 0
  var group: Int32 = -1
  /// The edges to the tasks this one depends on, spent ones included.
  var firstEdge: Int32 = -1

  /// Whether `after` is met and `follow` lets at least one engine be named.
  var isReady: Bool {
    guard after?.isMet ?? true else { return false }
    guard let follow else { return true }
    return follow.isMet
  }

  var isImpossible: Bool {
    if after?.isImpossible == true { return true }
    guard let follow else { return false }
    if follow.isImpossible { return true }
    // One engine cannot have run them all.
    return follow.condition.all && (followIsNowhere || followEngines.count > 1)
  }
}

extension TaskConstraints: Sendable where Payload: Sendable {}

extension LastFailure: Sendable where Payload: Sendable {}
