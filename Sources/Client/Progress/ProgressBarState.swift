/// What a ``ProgressBar`` writes. A value without I/O: time is passed in.
struct ProgressBarState: Sendable {
  /// How progress is shown.
  enum Style: Sendable, Hashable {
    /// A line that is drawn again and again, for terminals and notebooks.
    case redrawn
    /// A line now and then, for logs.
    case lines
  }

  let title: String
  /// `nil` if nobody knows how much there is.
  let total: Int?
  let style: Style
  private let start: ContinuousClock.Instant
  private(set) var done = 0
  private var lastShown: ContinuousClock.Instant?
  private var shownTenths = 0
  private var shownLength = 0
  private(set) var isFinished = false

  private static let barWidth = 30
  private static let redrawInterval = Duration.milliseconds(100)
  private static let lineInterval = Duration.seconds(1)
  private static let longestSilence = Duration.seconds(30)

  init(title: String, total: Int?, style: Style, now: ContinuousClock.Instant) {
    self.title = title
    self.total = total.map { max($0, 0) }
    self.style = style
    start = now
  }

  /// So many are done.
  ///
  /// - Returns: what to write; `nil` if it is too early to write again.
  mutating func update(done newValue: Int, at now: ContinuousClock.Instant) -> String? {
    guard !isFinished else { return nil }
    done = max(newValue, 0)
    guard isDue(at: now) else { return nil }
    return show(at: now)
  }

  /// Nothing more will be done.
  ///
  /// - Returns: what to write at the end; `nil` if this was said before.
  mutating func finish(at now: ContinuousClock.Instant) -> String? {
    guard !isFinished else { return nil }
    isFinished = true
    return show(at: now) + (style == .redrawn ? "\n" : "")
  }

  private func isDue(at now: ContinuousClock.Instant) -> Bool {
    let passed = (lastShown ?? start).duration(to: now)
    switch style {
    case .redrawn: return lastShown == nil || passed >= Self.redrawInterval
    case .lines: return passed >= Self.longestSilence || passed >= Self.lineInterval && tenths > shownTenths
    }
  }

  private mutating func show(at now: ContinuousClock.Instant) -> String {
    lastShown = now
    shownTenths = tenths
    let line = line(at: now)
    switch style {
    case .lines: return line + "\n"
    case .redrawn:
      // Spaces cover what a longer line has left: notebooks don't know the escape code for that.
      let padding = String(repeating: " ", count: max(0, shownLength - line.count))
      shownLength = line.count
      return "\r" + line + padding
    }
  }

  private var fraction: Double? {
    total.map { $0 == 0 ? 1 : min(Double(done) / Double($0), 1) }
  }

  private var tenths: Int { Int((fraction ?? 0) * 10) }

  private func line(at now: ContinuousClock.Instant) -> String {
    let elapsed = start.duration(to: now) / .seconds(1)
    let rate = elapsed > 0 ? min(Double(done) / elapsed, 1e15) : 0
    var parts: [String] = []
    if let fraction, let total {
      if style == .redrawn {
        let filled = Int(fraction * Double(Self.barWidth))
        parts.append(
          String(repeating: "█", count: filled) + String(repeating: "·", count: Self.barWidth - filled))
      }
      parts.append("\(Int(fraction * 100))% (\(done)/\(total))")
    } else {
      parts.append("\(done)")
    }
    parts.append(rate >= 10 ? "\(Int(rate.rounded()))/s" : "\((rate * 10).rounded() / 10)/s")
    if !isFinished, let total, rate > 0, done < total {
      parts.append("\(Self.clock(Double(total - done) / rate)) left")
    } else {
      parts.append(Self.clock(elapsed))
    }
    let text = parts.joined(separator: " ")
    return title.isEmpty ? text : "\(title): \(text)"
  }

  /// A time in seconds as minutes and seconds, with hours if there are any.
  private static func clock(_ seconds: Double) -> String {
    let seconds = Int(min(max(seconds, 0), 1e9).rounded(.up))
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let (minutes, rest) = seconds.quotientAndRemainder(dividingBy: 60)
    return minutes < 60 ? "\(minutes):\(two(rest))" : "\(minutes / 60):\(two(minutes % 60)):\(two(rest))"
  }
}
