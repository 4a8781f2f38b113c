import MartletZeroMQ
import Testing

@testable import MartletController

@Suite struct MemoryWatchTests {
  private let start = Instant.now

  private func usage(_ resident: Int, _ allocated: Int) -> ProcessMemory.Usage {
    ProcessMemory.Usage(resident: resident << 20, allocated: allocated << 20)
  }

  @Test func looksAMomentAfterTheLastRequest() {
    let watch = Watch()
    #expect(watch.update(pending: 3, at: start) == nil)
    #expect(watch.update(pending: 0, at: start) == start + .seconds(1))
    #expect(watch.update(pending: 0, at: start) == nil)
    #expect(watch.look(pending: 0, usage(900, 40), at: start + .seconds(1)))
    // The next look is not sooner than ten seconds later.
    #expect(watch.update(pending: 0, at: start + .seconds(2)) == start + .seconds(11))
  }

  @Test func nothingIsGivenBackWhileRequestsArePending() {
    let watch = Watch()
    _ = watch.update(pending: 0, at: start)
    #expect(!watch.look(pending: 1, usage(900, 40), at: start + .seconds(1)))
    #expect(watch.update(pending: 0, at: start + .seconds(3)) == start + .seconds(11))
    #expect(watch.look(pending: 0, usage(900, 40), at: start + .seconds(11)))
  }

  @Test(arguments: [(100, 40, false), (104, 40, false), (105, 40, true), (900, 850, false), (30, 40, false)])
  func whatIsInUseAndAReserveStay(resident: Int, allocated: Int, givesBack: Bool) {
    let watch = Watch()
    #expect(watch.look(pending: 0, usage(resident, allocated), at: start) == givesBack)
  }

  /// Pages in which something is allocated can't be given back, so trying again would not help.
  @Test func whatCannotBeGivenBackIsNotTriedAgain() {
    let watch = Watch()
    #expect(watch.look(pending: 0, usage(900, 40), at: start))
    watch.gaveBack(usage(300, 40))
    #expect(!watch.look(pending: 0, usage(320, 40), at: start))
    #expect(watch.look(pending: 0, usage(400, 40), at: start))
    watch.gaveBack(usage(60, 40))
    #expect(watch.look(pending: 0, usage(200, 40), at: start))
  }

  @Test func withoutFiguresNothingHappens() {
    let watch = Watch()
    #expect(!watch.look(pending: 0, nil, at: start))
    watch.gaveBack(nil)
    #expect(watch.look(pending: 0, usage(900, 40), at: start))
  }
}

/// A watch that macros can change.
private final class Watch {
  private var watch = MemoryWatch()

  func update(pending: Int, at now: Instant) -> Instant? {
    watch.update(pending: pending, at: now)
  }

  func look(pending: Int, _ usage: ProcessMemory.Usage?, at now: Instant) -> Bool {
    watch.look(pending: pending, usage, at: now)
  }

  func gaveBack(_ usage: ProcessMemory.Usage?) { watch.gaveBack(usage) }
}
