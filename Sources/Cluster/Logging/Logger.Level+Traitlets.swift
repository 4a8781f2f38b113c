import Logging

extension Logger.Level {
  /// A level from Python's name or number: `INFO`, `20`.
  public init?(traitlets text: String) {
    if let number = Int(text) {
      switch number {
      case ..<0: return nil
      case ..<10: self = .trace
      case 10: self = .debug
      case ...20: self = .info
      case ...30: self = .warning
      case ...40: self = .error
      default: self = .critical
      }
      return
    }
    switch text.uppercased() {
    case "TRACE": self = .trace
    case "DEBUG": self = .debug
    case "INFO": self = .info
    case "WARN", "WARNING": self = .warning
    case "ERROR": self = .error
    case "CRITICAL", "FATAL": self = .critical
    default: return nil
    }
  }

  /// Python's number for the level.
  public var traitletsNumber: Int {
    switch self {
    case .trace: 5
    case .debug: 10
    case .info, .notice: 20
    case .warning: 30
    case .error: 40
    case .critical: 50
    }
  }

  /// Python's name for the level in a line; `nil` below warnings, whose lines don't show it.
  var prominentName: String? {
    switch self {
    case .warning: "WARNING"
    case .error: "ERROR"
    case .critical: "CRITICAL"
    case .trace, .debug, .info, .notice: nil
    }
  }
}
