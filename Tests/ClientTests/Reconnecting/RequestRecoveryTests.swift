import Testing

@testable import MartletClient

@Suite struct RequestRecoveryTests {
  @Test func fetchesWhatIsFinishedAndGoesOnAskingAboutTheRest() {
    var recovery = RequestRecovery(["1", "2"])
    #expect(recovery.chunks == [["1", "2"]])
    let verdict = recovery.answered(["1", "2"], .init(completed: ["1"], pending: ["2"]))
    #expect(verdict == .init(finished: ["1"], lost: []))
    recovery.keep { $0 != "1" }
    #expect(recovery.chunks == [["2"]])
    #expect(recovery.answered(["2"], .init(completed: ["2"])).finished == ["2"])
    recovery.keep { _ in false }
    #expect(recovery.isComplete)
  }

  @Test func asksAgainAboutAResultThatCouldNotBeFetched() {
    var recovery = RequestRecovery(["1"])
    for _ in 0..<2 {
      #expect(recovery.answered(["1"], .init(completed: ["1"])).finished == ["1"])
      recovery.keep { _ in true }
      #expect(!recovery.isComplete && recovery.chunks == [["1"]])
    }
  }

  @Test func aRequestIsLostOnlyWhenItStaysUnknown() {
    var recovery = RequestRecovery(["1"])
    for _ in 1..<RequestRecovery.answersBeforeLoss {
      #expect(recovery.answered(["1"], .init()) == .init())
    }
    // It was on its way.
    #expect(recovery.answered(["1"], .init(pending: ["1"])) == .init())
    for _ in 1..<RequestRecovery.answersBeforeLoss { _ = recovery.answered(["1"], .init()) }
    #expect(!recovery.isComplete)
    #expect(recovery.answered(["1"], .init()).lost == ["1"])
    #expect(recovery.isComplete)
  }

  /// Its reply may be lost, too: the controller that drops it as known sends none.
  @Test func asksOnAboutWhatWasSentAgain() {
    var recovery = RequestRecovery(["1"])
    for _ in 1..<RequestRecovery.answersBeforeLoss { _ = recovery.answered(["1"], .init()) }
    #expect(recovery.answered(["1"], .init()).lost == ["1"])
    recovery.sentAgain("1")
    recovery.keep { _ in true }
    #expect(recovery.chunks == [["1"]])
    #expect(recovery.answered(["1"], .init(completed: ["1"])).finished == ["1"])
  }

  @Test func forgetsWhatNobodyWaitsFor() {
    var recovery = RequestRecovery(["1", "2"])
    recovery.keep { $0 == "2" }
    #expect(recovery.answered(["1"], .init(completed: ["1"])) == .init())
    #expect(recovery.chunks == [["2"]])
    recovery.keep { _ in false }
    #expect(recovery.isComplete)
  }

  @Test func asksAboutManyInPortionsAndSparesABusyHub() {
    var recovery = RequestRecovery((0..<2500).map(String.init))
    #expect(recovery.chunks.map(\.count) == [1000, 1000, 500])
    let first = recovery.pause
    recovery.roundEnded(after: .milliseconds(1))
    #expect(recovery.pause > first)
    recovery.roundEnded(after: .seconds(1))
    #expect(recovery.pause >= .seconds(4))
    recovery.roundEnded(after: .seconds(100))
    #expect(recovery.pause <= .seconds(5))
  }
}
