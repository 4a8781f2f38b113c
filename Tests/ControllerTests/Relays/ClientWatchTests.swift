import MartletZeroMQ
import Testing

@testable import MartletController

@Suite struct ClientWatchTests {
  private var watch = ClientWatch()

  @Test mutating func aConnectionThatEndsNamesItsClientsOnce() {
    _ = watch.watch("a", identity: Bytes("1"), descriptor: 7)
    _ = watch.watch("b", identity: Bytes("2"), descriptor: 7)
    _ = watch.watch("c", identity: Bytes("3"), descriptor: 8)
    #expect(watch.disconnected(7) == ["a", "b"])
    #expect(watch.disconnected(7) == [])
    #expect(watch.undeliverable(Bytes("1")) == nil)
    #expect(watch.disconnected(8) == ["c"])
  }

  @Test mutating func theLatestConnectionCounts() {
    _ = watch.watch("a", identity: Bytes("1"), descriptor: 7)
    _ = watch.watch("a", identity: Bytes("1"), descriptor: 9)
    #expect(watch.disconnected(7) == [])
    #expect(watch.disconnected(9) == ["a"])
  }

  /// What a connection has brought is read after its end.
  @Test mutating func aTaskOfAConnectionThatHasEndedIsNotWatched() {
    var isThere = watch.watch("a", identity: Bytes("1"), descriptor: 7)
    #expect(isThere)
    #expect(watch.disconnected(7) == ["a"])
    isThere = watch.watch("a", identity: Bytes("1"), descriptor: 7)
    #expect(!isThere)
    #expect(watch.undeliverable(Bytes("1")) == nil)
    // Another connection with the descriptor.
    watch.connected(7)
    isThere = watch.watch("b", identity: Bytes("2"), descriptor: 7)
    #expect(isThere)
    #expect(watch.disconnected(7) == ["b"])
  }

  @Test mutating func aReplyThatCannotBeDeliveredNamesItsClient() {
    _ = watch.watch("a", identity: Bytes("1"), descriptor: nil)
    _ = watch.watch("b", identity: Bytes("2"), descriptor: 7)
    #expect(watch.undeliverable(Bytes("1")) == "a")
    #expect(watch.undeliverable(Bytes("1")) == nil)
    #expect(watch.undeliverable(Bytes("2")) == "b")
    #expect(watch.disconnected(7) == [])
  }
}
