import Foundation

/// Points in a picture.
struct Plot {
  private static let (width, height) = (900.0, 600.0)

  let xs: ClosedRange<Double>
  let ys: ClosedRange<Double>
  private var marks = ""
  private(set) var count = 0
  private var lastWritten = ContinuousClock.now

  init(xs: ClosedRange<Double>, ys: ClosedRange<Double>) {
    self.xs = xs
    self.ys = ys
  }

  /// Whether it is time to show what has come in.
  var isDue: Bool { ContinuousClock.now - lastWritten > .milliseconds(500) }

  mutating func add(_ x: Double, _ y: Double) {
    let left = (x - xs.lowerBound) / (xs.upperBound - xs.lowerBound) * Self.width
    let top = (ys.upperBound - y) / (ys.upperBound - ys.lowerBound) * Self.height
    marks += String(format: "M%.1f %.1fh1", left, top)
    count += 1
  }

  /// Writes the picture as SVG.
  ///
  /// - Parameter refreshing: whether a browser that shows it is to look again in a second.
  mutating func write(to file: String, refreshing: Bool) throws {
    let script = refreshing ? "<script>setTimeout(() => location.reload(), 1000)</script>" : ""
    let text = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Self.width) \(Self.height)">
      <rect width="100%" height="100%" fill="white"/>
      <path d="\(marks)" stroke="navy" stroke-opacity="0.4"/>
      \(script)</svg>

      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
    lastWritten = .now
  }
}
