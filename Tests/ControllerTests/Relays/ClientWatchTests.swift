import MartletZeroMQ
import Testing

@testable import MartletController

@Suite struct ClientWatchTests {
  private var watch = ClientWatch()

  @Test mutating func aConnectionThatEndsNamesItsClientsOnce() {
    watch.watch("a", identity: Bytes("1"), descriptor: 7)
    watch.watch("b", identity: Bytes("2"), descriptor: 7)
    watch.watch("c", identity: Bytes("3"), descriptor: 8)
    #expect(watch.disconnected(7) == ["a", "b"])
    #expect(watch.disconnected(7) == [])
    #expect(watch.undeliverable(Bytes("1")) == nil)
    #expect(watch.disconnected(8) == ["c"])
  }

  @Test mutating func theLatestConnectionCounts() {
    watch.watch("a", identity: Bytes("1"), descriptor: 7)
    watch.watch("a", identity: Bytes("1"), descriptor: 9)
    #expect(watch.disconnected(7) == [])
    #expect(watch.disconnected(9) == ["a"])
  }

  @Test mutating func aReplyThatCannotBeDeliveredNamesItsClient() {
    watch.watch("a", identity: Bytes("1"), descriptor: nil)
    watch.watch("b", identity: Bytes("2"), descriptor: 7)
    #expect(watch.undeliverable(Bytes("1")) == "a")
    #expect(watch.undeliverable(Bytes("1")) == nil)
    #expect(watch.undeliverable(Bytes("2")) == "b")
    #expect(watch.disconnected(7) == [])
  }
}
