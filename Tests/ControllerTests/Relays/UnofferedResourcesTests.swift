import MartletWire
import Testing

@testable import MartletController

/// What is said of resources that no engine offers.
@Suite struct UnofferedResourcesTests {
  private let start = Instant.now
  private let interval = UnofferedResources.interval

  @Test func saysOnceWhatIsWaitedFor() {
    var resources = UnofferedResources()
    #expect(resources.look(isWaiting: true, now: start) { [["gpu": 4]] } == [])
    #expect(resources.nextLook == start + interval)
    #expect(resources.look(isWaiting: true, now: start + interval / 2) { [["gpu": 4]] } == [])
    #expect(resources.look(isWaiting: true, now: start + interval) { [["gpu": 4]] } == [["gpu": 4]])
    #expect(resources.look(isWaiting: true, now: start + interval * 2) { [["gpu": 4], ["a": 1]] } == [["a": 1]])
    #expect(resources.look(isWaiting: true, now: start + interval * 3) { [["a": 1]] } == [])
    #expect(resources.look(isWaiting: true, now: start + interval * 4) { [["gpu": 4]] } == [["gpu": 4]])
  }

  @Test func doesNotLookWithoutNeed() {
    var resources = UnofferedResources()
    #expect(resources.look(isWaiting: false, now: start) { [["gpu": 4]] } == [] && resources.nextLook == nil)
    #expect(resources.look(isWaiting: true, now: start) { [["gpu": 4]] } == [])
    #expect(resources.look(isWaiting: false, now: start + interval) { [["gpu": 4]] } == [] && resources.nextLook == nil)
  }
}
