import Testing

@testable import MartletClient

@Suite struct ProgressBarStateTests {
  private let start = ContinuousClock.now
  private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

  private func bar(_ total: Int?, _ style: ProgressBarState.Style, title: String = "words") -> ProgressBarState {
    ProgressBarState(title: title, total: total, style: style, now: start)
  }

  @Test func aTerminalsLineIsDrawnAgainAtALimitedRate() {
    var bar = bar(200, .redrawn)
    let half = String(repeating: "█", count: 15) + String(repeating: "·", count: 15)
    #expect(bar.update(done: 100, at: at(2)) == "\rwords: \(half) 50% (100/200) 50/s 0:02 left")
    #expect(bar.update(done: 101, at: at(2.05)) == nil)
    #expect(bar.update(done: 102, at: at(2.2))?.contains("51% (102/200)") == true)
    let full = String(repeating: "█", count: 30)
    _ = bar.update(done: 200, at: at(2.25))
    #expect(bar.finish(at: at(4)) == "\rwords: \(full) 100% (200/200) 50/s 0:04    \n")
    #expect(bar.finish(at: at(5)) == nil)
    #expect(bar.update(done: 3, at: at(9)) == nil)
  }

  @Test func aLogHasALineForEachTenthAndAfterALongSilence() {
    var bar = bar(100, .lines)
    var lines: [String] = []
    for done in 1...100 {
      if let line = bar.update(done: done, at: at(Double(done) * 0.4)) { lines.append(line) }
    }
    #expect(lines.count == 10)
    #expect(lines[0] == "words: 10% (10/100) 2.5/s 0:36 left\n")
    #expect(bar.finish(at: at(40)) == "words: 100% (100/100) 2.5/s 0:40\n")
    var slow = self.bar(1000, .lines)
    #expect(slow.update(done: 1, at: at(29)) == nil)
    #expect(slow.update(done: 2, at: at(31)) == "words: 0% (2/1000) 0.1/s 4:17:49 left\n")
    #expect(slow.update(done: 3, at: at(32)) == nil)
  }

  @Test func theTotalMayBeUnknown() {
    var bar = bar(nil, .lines, title: "")
    #expect(bar.update(done: 7, at: at(31)) == "7 0.2/s 0:31\n")
    #expect(bar.finish(at: at(62)) == "7 0.1/s 1:02\n")
  }

  @Test(arguments: [Int.min, -1, 0, 1, .max]) func takesAnyNumbers(_ number: Int) {
    for style in [ProgressBarState.Style.redrawn, .lines] {
      var bar = bar(number, style)
      for (done, time) in [(Int.min, 0.0), (0, 0), (.max, 1), (1, 1e9), (.max, 1e15)] {
        _ = bar.update(done: done, at: at(time))
      }
      #expect(bar.finish(at: start)?.isEmpty == false)
    }
  }
}
