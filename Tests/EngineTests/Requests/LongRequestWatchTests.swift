import Testing

@testable import MartletEngine

@Suite struct LongRequestWatchTests {
  @Test func tasksAreReturnedWhenTheSameRequestRunsAtTheNextCheck() {
    var watch = LongRequestWatch(patience: .milliseconds(10))
    #expect(watch.check(running: 1) == .init(returnsTasks: false, next: .milliseconds(10)))
    #expect(watch.check(running: 2) == .init(returnsTasks: false, next: .milliseconds(10)))
    #expect(watch.check(running: 2) == .init(returnsTasks: true, next: .milliseconds(20)))
    #expect(watch.check(running: 2) == .init(returnsTasks: true, next: .milliseconds(40)))
    #expect(watch.check(running: 3) == .init(returnsTasks: false, next: .milliseconds(10)))
  }

  @Test func checksAreAtMostASecondApart() {
    var watch = LongRequestWatch(patience: .milliseconds(600))
    _ = watch.check(running: 1)
    #expect(watch.check(running: 1)?.next == .seconds(1))
    #expect(watch.check(running: 1)?.next == .seconds(1))
  }

  @Test func endsWhenNothingRuns() {
    var watch = LongRequestWatch(patience: .seconds(1))
    #expect(watch.check(running: nil) == nil)
  }
}
