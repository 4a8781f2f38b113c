/// When an engine retires by itself, so that another can take its place or its allocation ends in good order.
public struct EngineLimits: Sendable, Hashable {
  /// After how many requests, for functions that leave something behind each time; `nil` for any number.
  public var requests: Int?
  /// After which time without a request, whatever has been pushed to it; `nil` for any time.
  public var idleTime: Duration?
  /// How long after its registration it has to have ended; `nil` for any time. It is given no task that requests more time
  /// than is left, and stops taking tasks by its ``EngineConfiguration/grace`` earlier, or half the time if that is shorter.
  public var lifetime: Duration?
  /// How many bytes of memory the engine and its Python process may occupy, looked at once a second; `nil` for any number.
  /// What runs meanwhile is finished, so this doesn't protect against a single request.
  public var memory: Int?

  /// No limits.
  public init() {}

  /// Whether there is none.
  var isEmpty: Bool { self == EngineLimits() }
}

/// A limit that an engine has reached.
public enum EngineLimit: Sendable, Hashable, CustomStringConvertible {
  /// It has run this many requests.
  case requests(Int)
  /// It has had nothing to do for this time.
  case idleTime(Duration)
  /// Its time is over, this long after its registration.
  case lifetime(Duration)
  /// It occupies this many bytes, which is more than it may.
  case memory(Int)

  /// Whether another engine should take its place.
  public var wantsReplacement: Bool {
    switch self {
    case .requests, .memory: true
    case .idleTime, .lifetime: false
    }
  }

  public var description: String {
    switch self {
    case .requests(let count): "it has run \(count) \(count == 1 ? "request" : "requests"), which is its limit"
    case .idleTime(let time): "it has had nothing to do for \(time)"
    case .lifetime(let time): "its time of \(time) is over"
    case .memory(let bytes): "it occupies \(bytes / 1_000_000) MB of memory, more than its limit"
    }
  }
}
