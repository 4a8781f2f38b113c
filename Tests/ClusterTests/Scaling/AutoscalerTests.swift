import Testing

@testable import MartletCluster
@testable import MartletController

@Suite struct AutoscalerTests {
  private let start = ContinuousClock.now

  /// Engines of one place each, by their loads.
  private func seen(
    _ loads: [Int], starting: Int = 0, queued: Int = 0, unmet: Int = 0, ends: Int = 0
  ) -> Autoscaler.Observation {
    var seen = Autoscaler.Observation(starting: starting, queued: queued, unmet: unmet, ends: ends)
    for (number, load) in loads.enumerated() {
      seen.engines.append(
        Autoscaler.Engine(uuid: "\(number)", place: .init(set: "1", number: number), load: load))
    }
    return seen
  }

  private func scaler(
    _ minimum: Int = 0, _ maximum: Int, idle: Int = 60, limit: Int = .max
  ) -> Autoscaler {
    Autoscaler(EngineScaling(minimum: minimum, maximum: maximum, idleTime: .seconds(idle)), limit: limit)
  }

  private func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

  @Test func growsWithWorkThatWaitsForAWhile() {
    var scaler = scaler(0, 10)
    #expect(scaler.step(seen([], queued: 4), at: at(0)) == nil)
    #expect(scaler.step(seen([], queued: 4), at: at(1)) == .grow(to: 4))
    // Those that are starting are counted on.
    #expect(scaler.step(seen([], starting: 4, queued: 4), at: at(2)) == nil)
    #expect(scaler.step(seen([], starting: 4, queued: 6), at: at(3)) == nil)
    #expect(scaler.step(seen([], starting: 4, queued: 6), at: at(4)) == .grow(to: 6))
    // What waits at an engine waits, too.
    #expect(scaler.step(seen([3, 1]), at: at(5)) == nil)
    #expect(scaler.step(seen([3, 1]), at: at(6)) == .grow(to: 4))
    // Work that is done before needs no more.
    #expect(scaler.step(seen([3, 1]), at: at(7)) == nil)
    #expect(scaler.step(seen([1, 1]), at: at(8)) == nil)
    #expect(scaler.step(seen([3, 1]), at: at(9)) == nil)
  }

  @Test func callsOffWhatWaitsWhenTheWorkIsGone() {
    let places = (1...3).map { EngineKey(set: "\($0)", number: 0) }
    func waiting(_ counts: [Int], queued: Int, running: [Int] = []) -> Autoscaler.Observation {
      var seen = seen(running, starting: counts.reduce(0, +), queued: queued)
      seen.waiting = zip(places, counts).map { .init(place: $0, count: $1) }
      return seen
    }
    var scaler = scaler(0, 20, idle: 5)
    // All are needed, then some, for less than the idle time, then no more.
    #expect(scaler.step(waiting([4, 2, 4], queued: 10), at: at(0)) == nil)
    for second in 1..<5 { #expect(scaler.step(waiting([4, 2, 4], queued: 3), at: at(second)) == nil) }
    #expect(scaler.step(waiting([4, 2, 4], queued: 10), at: at(5)) == nil)
    for second in 6..<11 { #expect(scaler.step(waiting([4, 2, 4], queued: 3), at: at(second)) == nil) }
    // The latest first, and only as a whole: seven are too many, so four and two go.
    #expect(scaler.step(waiting([4, 2, 4], queued: 3), at: at(11)) == .callOff([places[2], places[1]]))
    // What is about to start, or does not let itself be called off, is none of them.
    var other = self.scaler(0, 20, idle: 5)
    for second in 0..<9 { #expect(other.step(seen([], starting: 4), at: at(second)) == nil) }
    // Never below the least number.
    var bounded = self.scaler(3, 20, idle: 1)
    for second in 0..<2 { _ = bounded.step(waiting([2, 2], queued: 0), at: at(second)) }
    #expect(bounded.step(waiting([2, 2], queued: 0), at: at(2)) == nil)
    #expect(bounded.step(waiting([2, 2], queued: 0, running: [1]), at: at(3)) == nil)
    #expect(bounded.step(waiting([2, 2], queued: 0, running: [1]), at: at(4)) == .callOff([places[1]]))
  }

  @Test func neverLeavesItsBounds() {
    var scaler = scaler(2, 3)
    #expect(scaler.step(seen([]), at: at(0)) == .grow(to: 2))
    #expect(scaler.step(seen([1, 1], queued: 50), at: at(1)) == nil)
    #expect(scaler.step(seen([1, 1], queued: 50), at: at(2)) == .grow(to: 3))
    for second in 3..<9 { #expect(scaler.step(seen([1, 1, 1], queued: 50), at: at(second)) == nil) }
    var limited = self.scaler(0, 9, limit: 2)
    _ = limited.step(seen([1], queued: 50), at: at(0))
    #expect(limited.step(seen([1], queued: 50), at: at(1)) == .grow(to: 2))
    var narrow = self.scaler(4, 9, limit: 2)
    #expect(narrow.step(seen([]), at: at(0)) == .grow(to: 2))
    #expect(narrow.step(seen([0, 0]), at: at(1)) == nil)
  }

  @Test func workThatIdleEnginesCannotDoBringsNoMore() {
    var scaler = scaler(0, 10, idle: 5)
    for second in 0..<5 { #expect(scaler.step(seen([0, 1], queued: 9), at: at(second)) == nil) }
    #expect(scaler.step(seen([0, 1], queued: 9), at: at(5)) == .shrink(["0"]))
  }

  @Test func workThatOnlyNewEnginesCanDoBringsThemBesideIdleOnes() {
    var scaler = scaler(0, 4, idle: 5)
    #expect(scaler.step(seen([0, 1], queued: 9, unmet: 1), at: at(0)) == nil)
    #expect(scaler.step(seen([0, 1], queued: 9, unmet: 1), at: at(1)) == .grow(to: 3))
    for second in 2..<4 {
      #expect(scaler.step(seen([0, 1], starting: 1, queued: 9, unmet: 1), at: at(second)) == nil)
    }
    _ = scaler.step(seen([0, 1, 1], queued: 8, unmet: 8), at: at(4))
    #expect(scaler.step(seen([0, 1, 1], queued: 8, unmet: 8), at: at(5)) == .grow(to: 4))
    // There can't be more.
    #expect(scaler.step(seen([0, 1, 1, 1], queued: 8, unmet: 7), at: at(6)) == .shrink(["0"]))
  }

  @Test func aPartOfAnEnginesLifetimeIsUsable() {
    #expect(Autoscaler.usable(.seconds(3600)) == .seconds(3590))
    #expect(Autoscaler.usable(.seconds(10)) == .seconds(9))
  }

  @Test func whoIsIdleForTheWholeTimeMayLeave() {
    var scaler = scaler(1, 10, idle: 10)
    #expect(scaler.step(seen([0, 0, 0]), at: at(0)) == nil)
    #expect(scaler.step(seen([0, 1, 0]), at: at(5)) == nil)
    // The latest first.
    #expect(scaler.step(seen([0, 0, 0]), at: at(10)) == .shrink(["2", "0"]))
    #expect(scaler.step(seen([0, 0, 0]), at: at(15)) == .shrink(["2", "0"]))
    // Those that are in use are asked again later.
    scaler.stayed(["2", "0"], at: at(15))
    #expect(scaler.step(seen([0, 0, 0]), at: at(19)) == nil)
    #expect(scaler.step(seen([0, 0, 0]), at: at(20)) == .shrink(["1"]))
    scaler.stayed(["1"], at: at(20))
    #expect(scaler.step(seen([0, 0, 0]), at: at(24)) == nil)
    #expect(scaler.step(seen([0, 0, 0]), at: at(25)) == .shrink(["2", "0"]))
  }

  @Test func jobsAreGivenBackAsAWhole() {
    func engine(_ job: String, _ rank: Int, _ load: Int) -> Autoscaler.Engine {
      Autoscaler.Engine(uuid: "\(job).\(rank)", place: .init(set: job, number: 0), load: load)
    }
    var seen = Autoscaler.Observation(
      engines: [engine("1", 0, 0), engine("1", 1, 0), engine("2", 0, 0), engine("2", 1, 1), engine("3", 0, 0)])
    var scaler = scaler(2, 9, idle: 1)
    _ = scaler.step(seen, at: at(0))
    #expect(scaler.step(seen, at: at(1)) == .shrink(["3.0", "1.0", "1.1"]))
    var other = self.scaler(1, 9, idle: 1)
    _ = other.step(seen, at: at(0))
    #expect(other.step(seen, at: at(1)) == .shrink(["3.0", "1.0", "1.1", "2.0"]))
    seen.endsTogether = true
    #expect(other.step(seen, at: at(2)) == .shrink(["3.0", "1.0", "1.1"]))
  }

  @Test func failuresSlowTheAskingDown() {
    var scaler = scaler(0, 10)
    func askUntilGrowth(from second: Int) -> Int? {
      (second..<second + 400).first {
        scaler.step(seen([], queued: 1, ends: 0), at: at($0)) == .grow(to: 1)
      }
    }
    #expect(askUntilGrowth(from: 0) == 1)
    scaler.failed(at: at(1))
    #expect(askUntilGrowth(from: 1) == 11)
    scaler.failed(at: at(11))
    #expect(askUntilGrowth(from: 11) == 31)
    for _ in 0..<60 { scaler.failed(at: at(31)) }
    #expect(askUntilGrowth(from: 31) == 331)
    // An engine that comes ends the doubt.
    _ = scaler.step(seen([1], queued: 1), at: at(332))
    #expect(scaler.step(seen([1], queued: 1), at: at(333)) == .grow(to: 2))
    // One that is lost begins it.
    #expect(scaler.step(seen([], queued: 1, ends: 1), at: at(334)) == nil)
    #expect(scaler.step(seen([], queued: 1, ends: 1), at: at(343)) == nil)
    #expect(scaler.step(seen([], queued: 1, ends: 1), at: at(344)) == .grow(to: 1))
  }

  /// A day of bursts of tasks, a second at a time: all are done, soon, with engines that mostly have work.
  @Test(arguments: [1, 2]) func daysOfLoad(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var scaler = scaler(0, 50, idle: 300)
    var running: [String: Int] = [:]  // seconds that each engine still has work for
    var starting: [Int] = []  // when those register that were started
    var queue: [Int] = []  // the seconds that tasks take
    var (next, busy, paid, longest, waitsSince) = (0, 0, 0, 0, 0)
    for second in 0..<86_400 {
      if random.next() % 7_200 == 0 {
        let length = Int(random.next() % 120) + 1
        queue += Array(repeating: length, count: Int(random.next() % 400) + 1)
      }
      for _ in starting.filter({ $0 <= second }) {
        running["\(next)"] = 0
        next += 1
      }
      starting.removeAll { $0 <= second }
      for (uuid, left) in running {
        running[uuid] = max(left - 1, 0)
        if running[uuid] == 0, let task = queue.popLast() { running[uuid] = task }
      }
      if queue.isEmpty { waitsSince = second }
      longest = max(longest, second - waitsSince)
      busy += running.values.count { $0 > 0 }
      paid += running.count
      var observation = Autoscaler.Observation(starting: starting.count, queued: queue.count)
      observation.engines = running.map {
        Autoscaler.Engine(uuid: $0, place: .init(set: "1", number: Int($0) ?? 0), load: $1 > 0 ? 1 : 0)
      }
      switch scaler.step(observation, at: at(second)) {
      case .grow(let count):
        #expect(count <= 50)
        starting += Array(repeating: second + 5, count: count - running.count - starting.count)
      case .shrink(let uuids):
        for uuid in uuids { #expect(running.removeValue(forKey: uuid) == 0) }
      case .callOff: Issue.record("nothing waits that can be called off")
      case nil: break
      }
      guard running.count + starting.count <= 50 else {
        Issue.record("too many engines")
        return
      }
    }
    // 400 tasks of 120 s on 50 engines are 16 minutes; a few bursts may meet.
    #expect(longest < 4_000)
    #expect(busy > 0 && paid < 4 * busy)
  }
}
