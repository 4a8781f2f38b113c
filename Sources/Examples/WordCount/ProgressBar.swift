import Foundation

/// A progress bar, shown only on a terminal.
struct ProgressBar {
  private let total: Int
  private var done = 0
  private let isShown = isatty(STDOUT_FILENO) == 1

  init(total: Int) { self.total = max(total, 1) }

  mutating func advance() {
    done += 1
    guard isShown else { return }
    let filled = done * 40 / total
    let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: 40 - filled)
    FileHandle.standardOutput.write(Data("\r\(bar) \(done)/\(total)".utf8))
  }

  func finish() {
    if isShown { print() }
  }
}
