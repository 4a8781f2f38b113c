import Testing

@testable import MartletTunnels

@Suite struct TunnelStateTests {
  private let start = ContinuousClock.now

  @Test func whatNeverOpenedIsGivenUp() {
    var state = TunnelState()
    #expect(state.ended(at: start) == .giveUp)
    state.redirected()
    #expect(state.ended(at: start) == .giveUp)
  }

  @Test func pausesGrowUntilItWasOpenForAWhile() {
    var state = TunnelState()
    state.opened(at: start)
    #expect(state.hasBeenOpen)
    var pause = TunnelState.firstPause
    for _ in 0..<5 {
      #expect(state.ended(at: start) == .again(after: pause))
      pause *= 2
    }
    for _ in 0..<20 { _ = state.ended(at: start) }
    #expect(state.ended(at: start) == .again(after: TunnelState.longestPause))
    // Short openings don't count.
    state.opened(at: start)
    #expect(state.ended(at: start + .seconds(1)) == .again(after: TunnelState.longestPause))
    state.opened(at: start)
    #expect(state.ended(at: start + TunnelState.steadyTime) == .again(after: TunnelState.firstPause))
  }

  @Test func aNewAddressIsTriedAtOnce() {
    var state = TunnelState()
    state.opened(at: start)
    for _ in 0..<9 { _ = state.ended(at: start) }
    state.redirected()
    #expect(state.ended(at: start) == .again(after: TunnelState.firstPause))
  }
}
