import Testing

@testable import MartletController

/// What engines are told that beat without being registered.
@Suite struct StrayHeartsTests {
  let start = Instant.now

  /// What is said to a heart that beats once a second, from the given second on.
  func orders(_ strays: inout StrayHearts, _ uuid: String = "e", seconds: Range<Int>) -> [Int: StrayHearts.Order] {
    var orders: [Int: StrayHearts.Order] = [:]
    for second in seconds { orders[second] = strays.beat(of: uuid, at: start + .seconds(second)) }
    return orders
  }

  @Test func anUnknownEngineIsAskedToRegisterThenToEnd() {
    var strays = StrayHearts()
    #expect(
      orders(&strays, seconds: 0..<15)
        == [1: .reregister, 4: .reregister, 7: .reregister, 10: .reregister, 11: .shutDown, 14: .reregister])
  }

  @Test func anEngineThatRegistersAgainIsAskedTo() {
    var strays = StrayHearts()
    strays.left("e", reregisters: true, at: start)
    #expect(orders(&strays, seconds: 0..<3) == [1: .reregister])
    strays.forget("e")
    #expect(strays.count == 0)
  }

  @Test func anyOtherEngineIsToldToEnd() {
    var strays = StrayHearts()
    strays.left("e", reregisters: false, at: start)
    #expect(orders(&strays, seconds: 0..<12) == [1: .shutDown, 11: .shutDown])
  }

  @Test func anEngineThatIsLeavingMayBeat() {
    var strays = StrayHearts()
    strays.left("e", reregisters: true, at: start)
    #expect(strays.beat(of: "e", at: start + .milliseconds(999)) == nil)
  }

  @Test func theNumberIsLimited() {
    var strays = StrayHearts()
    for number in 0..<StrayHearts.limit + 10 { #expect(strays.beat(of: "fake \(number)", at: start) == nil) }
    #expect(strays.count == StrayHearts.limit)
    #expect(strays.beat(of: "e", at: start + .seconds(1)) == nil)
    #expect(strays.beat(of: "e", at: start + .seconds(5)) == nil)
    // Those that are silent make room.
    #expect(strays.beat(of: "e", at: start + .seconds(61)) == nil)
    #expect(strays.beat(of: "e", at: start + .seconds(62)) == .reregister)
    #expect(strays.count == 1)
  }
}
