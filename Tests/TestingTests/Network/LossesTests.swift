import Testing

@testable import MartletTesting

@Suite struct LossesTests {
  /// Which of some messages get lost.
  private func lost(_ losses: inout Losses, _ messages: [(Losses.Kind, String)]) -> [Bool] {
    messages.map { losses.take($0.0, engine: $0.1) }
  }

  @Test func aLossHappensOnce() {
    var losses = Losses()
    #expect(lost(&losses, [(.task, "a"), (.result, "a")]) == [false, false])
    losses.add(.task, engine: nil)
    #expect(lost(&losses, [(.result, "a"), (.task, "a"), (.task, "a")]) == [false, true, false])
  }

  @Test func anEngineLosesItsOwn() {
    var losses = Losses()
    losses.add(.result, engine: "a")
    losses.add(.result, engine: nil)
    #expect(lost(&losses, [(.result, "b"), (.result, "b"), (.result, "a")]) == [true, false, true])
  }

  @Test(arguments: [
    ("apply_request", Losses.Kind.task), ("execute_request", .task), ("apply_reply", .result),
    ("execute_reply", .result),
    ("kernel_info_request", nil), ("registration_reply", nil), ("stream", nil), ("", nil),
  ]) func onlyTasksAndResultsGetLost(type: String, kind: Losses.Kind?) {
    #expect(Losses.Kind(type) == kind)
  }
}
