import Testing

@testable import MartletController

/// Requests that engines have: when engines are probed, and what an answer to a probe tells.
@Suite struct OpenRequestsTests {
  private typealias Requests = OpenRequests<String>

  let start = Instant.now
  let first = EngineIdentity("first")
  let second = EngineIdentity("second")

  /// Looks until a number of looks have been made, and returns the probes of each. All are sent.
  private func look(_ requests: inout Requests, _ count: Int) -> [[Requests.Probe]] {
    (0..<count).map { _ in
      guard let deadline = requests.nextDeadline else { return [] }
      let probes = requests.look(now: deadline)
      for probe in probes { requests.probeSent(to: probe.engine) }
      return probes
    }
  }

  @Test func nothingIsDoneWithoutRequests() {
    var requests = Requests()
    requests.connectionBroke(now: start)
    #expect(requests.nextDeadline == nil)
    requests.sent("a", to: first, "A", now: start)
    #expect(requests.nextDeadline == start + Requests.interval)
    requests.answered("a", by: first)
    #expect(look(&requests, 3) == [[], [], []])
    #expect(requests.nextDeadline == nil && requests.count == 0)
  }

  @Test func anAnswerOfAnotherEngineDoesNotCount() {
    var requests = Requests()
    requests.sent("a", to: first, "A", now: start)
    requests.answered("a", by: second)
    requests.answered("b", by: first)
    #expect(requests.count == 1)
  }

  @Test func aBrokenConnectionHasAllEnginesWithRequestsProbed() {
    var requests = Requests()
    requests.sent("a", to: first, "A", now: start)
    requests.sent("b", to: second, "B", now: start)
    requests.sent("c", to: first, "C", now: start)
    requests.connectionBroke(now: start)
    #expect(requests.nextDeadline == start + Requests.reconnectionTime)
    #expect(look(&requests, 2) == [[.init(engine: first, number: 3), .init(engine: second, number: 3)], []])
    requests.sent("d", to: first, "D", now: start)
    let lost = requests.probeAnswered(by: first, number: 3)
    #expect(lost.map(\.id) == ["a", "c"] && lost.map(\.payload) == ["A", "C"])
    #expect(requests.probeAnswered(by: first, number: 3).isEmpty)
    requests.answered("b", by: second)
    #expect(requests.probeAnswered(by: second, number: 3).isEmpty)
    #expect(requests.count == 1)
  }

  @Test func aProbeThatCannotBeSentIsRepeated() {
    var requests = Requests()
    requests.sent("a", to: first, "A", now: start)
    requests.connectionBroke(now: start)
    for _ in 0..<3 { #expect(requests.look(now: start).count == 1) }
    requests.probeSent(to: first)
    #expect(requests.look(now: start).isEmpty)
  }

  @Test func aSilentEngineIsProbedAtGrowingIntervals() {
    var requests = Requests()
    requests.sent("a", to: first, "A", now: start)
    let probes = look(&requests, 400)
    let moments = probes.indices.filter { !probes[$0].isEmpty }
    #expect(moments.first == Requests.patience)
    let pauses = zip(moments, moments.dropFirst()).map { $1 - $0 }
    #expect(pauses == pauses.sorted() && pauses.last == Requests.longestPause + 1)
  }

  /// An engine that answers everything but one request is never silent.
  @Test func aRefusedRequestAmongOthersIsFound() {
    var requests = Requests()
    requests.sent("refused", to: first, "R", now: start)
    var probes: [Requests.Probe] = []
    for number in 0..<30 {
      requests.sent("\(number)", to: first, "", now: start)
      probes += look(&requests, 1).flatMap { $0 }
      requests.answered("\(number)", by: first)
    }
    #expect(!probes.isEmpty)
    #expect(requests.probeAnswered(by: first, number: probes.last?.number ?? 0).map(\.id) == ["refused"])
  }

  @Test func anEngineThatAnswersInTimeIsNeverProbed() {
    var requests = Requests()
    for number in 0..<100 {
      requests.sent("\(number)", to: first, "", now: start)
      #expect(look(&requests, 3) == [[], [], []])
      if number >= 2 { requests.answered("\(number - 2)", by: first) }
    }
  }

  @Test func anEngineThatLeftIsForgotten() {
    var requests = Requests()
    requests.sent("a", to: first, "A", now: start)
    requests.sent("b", to: second, "B", now: start)
    requests.left(first)
    #expect(requests.count == 1)
    requests.answered("a", by: first)
    requests.connectionBroke(now: start)
    #expect(look(&requests, 1) == [[.init(engine: second, number: 2)]])
    requests.left(second)
    #expect(look(&requests, 1) == [[]] && requests.nextDeadline == nil)
  }

  @Test func anIdSentTwiceCountsOnce() {
    var requests = Requests()
    requests.sent("a", to: first, "A", now: start)
    requests.sent("a", to: second, "B", now: start)
    #expect(requests.count == 1)
    requests.answered("a", by: second)
    #expect(look(&requests, 1) == [[]] && requests.nextDeadline == nil)
  }
}
