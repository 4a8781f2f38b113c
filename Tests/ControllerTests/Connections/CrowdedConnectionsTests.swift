import MartletZeroMQ
import Testing

@testable import MartletController

/// Who has to leave when memory is short.
@Suite struct CrowdedConnectionsTests {
  private var crowd = CrowdedConnections()
  private let start = Instant.now

  private typealias Look = CrowdedConnections.Look

  private func look(
    _ descriptor: Int32, received: UInt64 = 0, read: UInt64? = 0, waiting: Int = 0,
    isHeard: Bool = false, accepted: Int = 0
  ) -> Look {
    Look(
      descriptor: descriptor, accepted: start + .seconds(accepted),
      traffic: read.map { .init(received: received, acknowledged: $0) }, waiting: waiting,
      isHeard: isHeard)
  }

  /// The suspects of a look, the worst first.
  private mutating func suspects(_ looks: Look..., at milliseconds: Int = 0) -> [ConnectionTable.End] {
    crowd.look(at: looks, now: start + .milliseconds(milliseconds)).sorted(by: >).map(\.end)
  }

  private func end(_ descriptor: Int32, _ reason: ConnectionTable.Reason) -> ConnectionTable.End {
    .init(descriptor: descriptor, reason: reason)
  }

  @Test mutating func onePeerDoesNotRead() {
    #expect(suspects(look(1, read: 100, waiting: 5000), look(2, read: 100, waiting: 5000), look(3, read: 100)) == [])
    let second = suspects(look(1, read: 100, waiting: 5000), look(2, read: 101, waiting: 9000), look(3, read: 100))
    #expect(second == [end(1, .unread)])
  }

  /// What has only just begun to wait may be read soon.
  @Test mutating func whoHasReadEverythingBeforeIsGivenTime() {
    #expect(suspects(look(1, read: 100)) == [])
    #expect(suspects(look(1, read: 100, waiting: 5000)) == [])
    #expect(suspects(look(1, read: 100, waiting: 5000)) == [end(1, .unread)])
  }

  @Test mutating func whereTheSystemDoesNotTellWhatWasReadItTakesMoreLooks() {
    let waiting = [5000, 5000, 5000, 4000, 4000, 4000, 4000, 0, 4000]
    let found = waiting.map { !suspects(look(1, read: nil, waiting: $0)).isEmpty }
    #expect(found == [false, false, false, false, false, false, true, false, false])
  }

  @Test mutating func aMessageDoesNotEnd() {
    let mega: UInt64 = 1 << 20
    #expect(suspects(look(1, received: 7 * mega), look(2, received: 9 * mega), look(3, received: mega)) == [])
    // The second one sends as much, in messages that end.
    let second = suspects(
      look(1, received: 9 * mega), look(2, received: 20 * mega, isHeard: true), look(3, received: 2 * mega))
    #expect(second == [end(1, .held)])
    let third = suspects(
      look(1, received: 10 * mega), look(2, received: 24 * mega), look(3, received: 2 * mega + 1))
    #expect(third == [end(2, .held), end(1, .held), end(3, .held)])
  }

  @Test mutating func whoReadsNothingIsWorseThanWhoSendsMuch() {
    _ = suspects(look(1), look(2, read: 5, waiting: 1))
    #expect(suspects(look(1, received: 1 << 30), look(2, read: 5, waiting: 1)) == [end(2, .unread), end(1, .held)])
  }

  /// They may be innocent, so they come after those that certainly aren't.
  @Test mutating func weakSuspicionsCountAfterAWhile() {
    let large: UInt64 = 50 << 20
    for time in [0, 4999] {
      let read = UInt64(time)
      #expect(
        suspects(
          look(1, read: read, waiting: 10), look(2, read: read * 2, waiting: 10), look(3, received: large),
          look(4, received: large, isHeard: true), look(5, received: 1000), at: time) == [])
    }
    let late = suspects(
      look(1, read: 5000, waiting: 10), look(2, read: 10_000, waiting: 10), look(3, received: large),
      look(4, received: large), look(5, received: 1000), at: 5000)
    #expect(late == [end(1, .unread), end(2, .unread), end(3, .quiet)])
  }

  @Test mutating func aDescriptorThatIsUsedAgainIsAnotherConnection() {
    _ = suspects(look(1, read: 0, waiting: 10))
    #expect(suspects(look(1, read: 0, waiting: 10, accepted: 1)) == [])
    #expect(suspects(look(1, read: 0, waiting: 10, accepted: 1)) == [end(1, .unread)])
  }

  @Test mutating func theNextShortageBeginsAnew() {
    _ = suspects(look(1, read: 0, waiting: 10))
    #expect(crowd.isLooking)
    crowd.forget()
    #expect(!crowd.isLooking)
    #expect(suspects(look(1, read: 0, waiting: 10)) == [])
  }
}
