import MartletWire
import Testing

@testable import MartletEngine

@Suite struct RequestStageTests {
  @Test func aRequestThatIsLeftAloneIsAnswered() {
    let stage = RequestStage()
    stage.begin(at: Timestamp(microseconds: 7))
    #expect(stage.started == Timestamp(microseconds: 7))
    #expect(stage.stop == nil)
    #expect(stage.isStopped == false)
    #expect(stage.abandon() == false)
    #expect(stage.end() == .answer)
    #expect(stage.stop(.aborted) == false)
    #expect(stage.abandon() == false)
    #expect(stage.isStopped == false)
  }

  @Test(arguments: [RequestStage.Stop.aborted, .timedOut]) func oneThatObeysIsAnsweredByWhoRanIt(
    reason: RequestStage.Stop
  ) {
    let stage = RequestStage()
    #expect(stage.stop(reason) == true)
    #expect(stage.stop == reason)
    #expect(stage.isStopped == true)
    #expect(stage.stop(.aborted) == false)
    #expect(stage.stop(.timedOut) == false)
    #expect(stage.stop == reason)
    #expect(stage.end() == .answerStopped(reason))
    #expect(stage.abandon() == false)
  }

  @Test(arguments: [RequestStage.Stop.aborted, .timedOut]) func oneThatDoesNotIsAnsweredByWhoWaited(
    reason: RequestStage.Stop
  ) {
    let stage = RequestStage()
    #expect(stage.stop(reason) == true)
    #expect(stage.abandon() == true)
    #expect(stage.abandon() == false)
    #expect(stage.stop(reason) == false)
    #expect(stage.isStopped == true)
    #expect(stage.stop == nil)
    #expect(stage.end() == .abandoned)
  }
}
