import MartletZeroMQ
import Testing

@testable import MartletController

/// Which connections are ended, and which never.
@Suite struct ConnectionTableTests {
  typealias Traffic = AcceptedConnection.Traffic

  let start = Instant.now

  /// Checks a table at a time in milliseconds; of all connections so many bytes were received.
  func check(
    _ table: inout ConnectionTable, _ time: Int, received: UInt64 = 0, published: UInt64 = 0,
    _ traffic: [Int32: Traffic] = [:]
  ) -> [Int32] {
    table.check(now: start + .milliseconds(time), published: published) {
      traffic[$0] ?? Traffic(received: received, acknowledged: 1000)
    }.map(\.descriptor)
  }

  @Test(arguments: [ConnectionRole.clients, .engines, .output, .hearts])
  func aMessageThatDoesNotEndIsLimited(role: ConnectionRole) {
    var table = ConnectionTable(role: role, limits: .init(held: 1000))
    table.accepted(1, now: start)
    // Nobody was asked to listen yet, so nobody knows whether this was a message.
    #expect(check(&table, 0, received: 5000).isEmpty)
    #expect(table.isListening)
    #expect(check(&table, 1, received: 6000).isEmpty)
    #expect(check(&table, 2, received: 6001) == [1])
  }

  @Test func whoeverComesWhileOthersAreWatchedIsLimitedFromTheStart() {
    var table = ConnectionTable(role: .clients, limits: .init(held: 1000))
    table.accepted(1, now: start)
    table.accepted(2, now: start)
    #expect(check(&table, 0, [1: Traffic(received: 5000), 2: Traffic(received: 1001)]) == [2])
  }

  @Test(arguments: [ConnectionRole.clients, .engines, .output, .hearts, .subscribers])
  func whoseSystemIsSilentIsGone(role: ConnectionRole) {
    func silent(_ seconds: Int, waiting: Int = 5) -> [Int32: Traffic] {
      [1: Traffic(acknowledged: 1000, waiting: waiting, silence: .seconds(seconds))]
    }
    var table = ConnectionTable(role: role)
    table.accepted(1, now: start)
    table.heard(1, isValid: true, at: start)
    // Nothing waits for a peer that is idle.
    for hour in 0..<3 { #expect(check(&table, 3_600_000 * hour, silent(3600 * hour, waiting: 0)).isEmpty) }
    // What is sent to it then takes its time.
    #expect(check(&table, 10_000_000, silent(10_000)).isEmpty)
    #expect(check(&table, 10_020_000, silent(10_020)).isEmpty)
    #expect(check(&table, 10_021_000, silent(10_021)).isEmpty)
    #expect(check(&table, 10_022_000, silent(10_022)) == [1])
    // One that does not read, but whose system answers, stays.
    #expect(check(&table, 10_100_000, silent(15)).isEmpty)
    // And the time begins anew when nothing waits.
    #expect(check(&table, 10_200_000, silent(100, waiting: 0)).isEmpty)
    #expect(check(&table, 10_210_000, silent(110)).isEmpty)
  }

  @Test func messagesThatEndAreNotLimited() {
    var table = ConnectionTable(role: .clients, limits: .init(held: 1000))
    table.accepted(1, now: start)
    var received: UInt64 = 0
    for time in 0..<100 {
      #expect(check(&table, time, received: received).isEmpty)
      received += 900
      table.heard(1, isValid: false, at: start)
    }
    // An unfinished one behind them is.
    #expect(check(&table, 100, received: received).isEmpty)
    #expect(check(&table, 101, received: received + 1001) == [1])
  }

  @Test func whoeverHasProvenItselfIsLeftAlone() {
    var table = ConnectionTable(role: .clients, limits: .init(held: 1000))
    table.accepted(1, now: start)
    table.heard(1, isValid: true, at: start)
    #expect(!table.isListening)
    #expect(check(&table, 0, received: 1 << 40).isEmpty)
    #expect(check(&table, 1, received: 1 << 41).isEmpty)
    #expect(table.missingEngine(since: start).isEmpty)
  }

  @Test func aBeatProvesNothing() {
    var table = ConnectionTable(role: .hearts, limits: .init(held: 1000))
    table.accepted(1, now: start)
    table.heard(1, isValid: true, at: start)
    #expect(table.isListening)
  }

  @Test func aHeartThatNeverBeatsConnectsAgain() {
    var table = ConnectionTable(role: .hearts, limits: .init(mutePatience: .seconds(6)))
    table.accepted(1, now: start)
    table.accepted(2, now: start)
    table.heard(2, isValid: true, at: start)
    #expect(check(&table, 6000).isEmpty)
    #expect(check(&table, 6001) == [1])
    table.disconnected(1, now: start + .milliseconds(6002))
    #expect(check(&table, 60_000).isEmpty)
    #expect(table.count == 1)
  }

  /// Its handshake waits for those of hundreds of others: only then it has an identity, and can beat.
  @Test func aHeartHasTheSameTimeHoweverLongItsHandshakeTakes() {
    let limits = ConnectionTable.Limits(mutePatience: .seconds(6), handshake: ConnectionTable.Limits.curveHandshake)
    var table = ConnectionTable(role: .hearts, limits: limits)
    table.accepted(1, now: start)
    for time in 0..<20 {
      #expect(check(&table, 1000 * time, [1: Traffic(acknowledged: time < 10 ? 64 : 234)]).isEmpty)
    }
    #expect(check(&table, 25_000, [1: Traffic(acknowledged: 300)]).isEmpty)
    #expect(check(&table, 25_001, [1: Traffic(acknowledged: 300)]) == [1])
  }

  @Test func whoeverIsInTheMiddleOfAHandshakeWasNotIgnored() {
    var table = ConnectionTable(role: .engines)
    for descriptor: Int32 in 1...2 { table.accepted(descriptor, now: start) }
    #expect(check(&table, 600, [1: Traffic(acknowledged: 64), 2: Traffic(acknowledged: 119)]).isEmpty)
    #expect(table.missingEngine(since: start).map(\.descriptor) == [2])
    #expect(Set(table.missingEngine(since: start + .seconds(1)).map(\.descriptor)) == [1, 2])
  }

  /// libzmq has ignored a peer that came back before the end of its former connection. It has come after its last message.
  @Test func afterTheLossOfAProvenPeerThoseWhoMayBeItConnectAgainOnce() {
    var table = ConnectionTable(role: .clients)
    func at(_ seconds: Int) -> Instant { start + .seconds(seconds) }
    table.accepted(1, now: at(0))
    table.accepted(2, now: at(70))
    table.accepted(3, now: at(70))
    table.heard(3, isValid: true, at: at(80))
    for (descriptor, time): (Int32, Int) in [(4, 79), (5, 90), (6, 90), (7, 90), (8, 102)] {
      table.accepted(descriptor, now: at(time))
    }
    table.heard(5, isValid: false, at: at(100))
    table.disconnected(3, now: at(101))
    #expect(check(&table, 102_999).isEmpty)
    // Of the last, something has come just now.
    #expect(check(&table, 103_000, [7: Traffic(received: 300)]) == [6])
    #expect(check(&table, 104_000).isEmpty)
  }

  /// The end of a connection is reported before libzmq has let go of its identity.
  @Test func whoeverCameJustAfterTheEndMayHaveBeenIgnored() {
    var table = ConnectionTable(role: .clients)
    table.accepted(1, now: start)
    table.heard(1, isValid: true, at: start)
    table.disconnected(1, now: start + .seconds(1))
    table.accepted(2, now: start + .milliseconds(1499))
    table.accepted(3, now: start + .milliseconds(1501))
    #expect(check(&table, 3000) == [2])
  }

  /// Messages are noted later than ends of connections.
  @Test func whatCameFromAFormerConnectionProvesNothingAboutTheNext() {
    var table = ConnectionTable(role: .engines)
    table.accepted(1, now: start)
    table.heard(1, isValid: true, at: start)
    table.disconnected(1, now: start + .milliseconds(30))
    table.accepted(1, now: start + .milliseconds(31))
    table.heard(1, isValid: true, at: start + .milliseconds(20))
    #expect(table.missingEngine(since: start).map(\.descriptor) == [1])
    table.heard(1, isValid: true, at: start + .milliseconds(31))
    #expect(table.missingEngine(since: start).isEmpty)
  }

  /// Also if it came before its connection was noted: the client would lose its reply with the connection.
  @Test func theFirstMessageAfterAFormerConnectionIsTheNextOnes() {
    var table = ConnectionTable(role: .clients)
    table.accepted(1, now: start)
    table.heard(1, isValid: true, at: start)
    table.disconnected(1, now: start + .milliseconds(30))
    table.accepted(1, now: start + .milliseconds(36))
    table.heard(1, isValid: true, at: start + .milliseconds(35))
    #expect(check(&table, 3000) == [])
    // It proves nothing, though: the former connection's end may have been noted before its last message.
    #expect(table.missingEngine(since: start).map(\.descriptor) == [1])
  }

  /// A message may be noted before the connection it came from.
  @Test func theFirstMessageOfANewDescriptorCounts() {
    var table = ConnectionTable(role: .engines)
    table.accepted(1, now: start + .milliseconds(30))
    table.heard(1, isValid: true, at: start + .milliseconds(20))
    #expect(table.missingEngine(since: start).isEmpty)
  }

  @Test func whoeverCameLongAgoWasNotIgnored() {
    var table = ConnectionTable(role: .clients)
    table.accepted(1, now: start)
    table.heard(1, isValid: true, at: start)
    table.accepted(2, now: start + .seconds(1))
    table.disconnected(1, now: start + .seconds(60))
    #expect(check(&table, 62_000).isEmpty)
  }

  @Test func theLossOfOthersChangesNothing() {
    var table = ConnectionTable(role: .clients)
    for descriptor: Int32 in 1...2 { table.accepted(descriptor, now: start) }
    table.heard(1, isValid: false, at: start)
    table.disconnected(1, now: start)
    table.disconnected(7, now: start)
    for time in 0..<10 { #expect(check(&table, 1000 * time).isEmpty) }
  }

  /// A request may be on its way to an engine that has not answered any.
  @Test func whoeverIsSentRequestsIsNotIgnored() {
    var table = ConnectionTable(role: .engines, limits: .init(handshake: ConnectionTable.Limits.curveHandshake))
    for descriptor: Int32 in 1...3 { table.accepted(descriptor, now: start) }
    let traffic = [
      1: Traffic(acknowledged: 350), 2: Traffic(acknowledged: 600), 3: Traffic(acknowledged: 350, waiting: 300),
    ]
    #expect(table.missingEngine(since: start) { traffic[Int($0)] }.map(\.descriptor) == [1])
  }

  @Test func ifAnEngineIsMissingThoseWithoutProofConnectAgain() {
    var table = ConnectionTable(role: .engines)
    for descriptor: Int32 in 1...3 { table.accepted(descriptor, now: start) }
    table.heard(2, isValid: true, at: start)
    table.heard(3, isValid: false, at: start)
    #expect(Set(table.missingEngine(since: start).map(\.descriptor)) == [1, 3])
  }

  /// It would not be missing if it had connected when nobody had its identity.
  @Test func whoeverCameAfterAnEngineWasMissedIsNotIt() {
    var table = ConnectionTable(role: .engines)
    table.accepted(1, now: start + .milliseconds(499))
    table.accepted(2, now: start + .milliseconds(501))
    #expect(table.missingEngine(since: start).map(\.descriptor) == [1])
    #expect(Set(table.missingEngine(since: start + .seconds(3)).map(\.descriptor)) == [1, 2])
  }

  @Test func aDescriptorThatIsUsedAgainHasProvenNothing() {
    var table = ConnectionTable(role: .engines)
    table.accepted(1, now: start)
    table.heard(1, isValid: true, at: start)
    table.disconnected(1, now: start)
    table.accepted(1, now: start)
    #expect(table.missingEngine(since: start).map(\.descriptor) == [1])
  }

  @Test func aSubscriberThatDoesNotReadIsCutOff() {
    var table = ConnectionTable(role: .subscribers, limits: .init(backlog: 1000))
    for descriptor: Int32 in 1...3 { table.accepted(descriptor, now: start) }
    #expect(!table.isListening)
    // The first reads nothing, the second a little, the third all.
    let stuck = { (published: UInt64) in
      [
        1: Traffic(acknowledged: 10, waiting: 5), 2: Traffic(acknowledged: published / 2 + 10, waiting: 5),
        3: Traffic(acknowledged: published, waiting: 0),
      ] as [Int32: Traffic]
    }
    #expect(check(&table, 0, published: 1 << 30, stuck(1 << 30)).isEmpty)
    #expect(check(&table, 1, published: 1 << 30 + 1000, stuck(1 << 30 + 1000)).isEmpty)
    #expect(check(&table, 2, published: 1 << 30 + 1001, stuck(1 << 30 + 1001)) == [1])
    table.disconnected(1, now: start)
    #expect(check(&table, 3, published: 1 << 30 + 2500, stuck(1 << 30 + 2500)) == [2])
  }

  @Test func holdersAreThoseThatHoldMuch() {
    var table = ConnectionTable(role: .clients)
    for descriptor: Int32 in 1...3 { table.accepted(descriptor, now: start) }
    table.heard(3, isValid: true, at: start)
    _ = check(&table, 0, received: 0)
    #expect(check(&table, 1, [1: Traffic(received: 1 << 20), 2: Traffic(received: 1 << 21)]).isEmpty)
    #expect(table.holders.map(\.descriptor) == [2])
    #expect(table.holders.first?.held == 1 << 21)
  }

  // MARK: - Revoked keys

  private func revoked(_ table: ConnectionTable, _ time: Int, keeping admitted: Set<String>) -> [ConnectionTable.End] {
    table.revoked(at: start + .milliseconds(time)) { admitted.contains($0) }
  }

  @Test(arguments: [ConnectionRole.clients, .engines, .output, .hearts, .subscribers])
  func connectionsOfARevokedKeyEnd(role: ConnectionRole) {
    var table = ConnectionTable(role: role, identifies: true)
    for descriptor: Int32 in 1...4 { table.accepted(descriptor, now: start) }
    #expect(table.isListening)
    table.heard(1, isValid: true, key: "a", at: start)
    table.heard(2, isValid: false, key: "b", at: start)
    table.heard(3, isValid: true, key: "b", at: start)
    #expect(revoked(table, 10, keeping: ["a", "b"]) == [.init(descriptor: 4, reason: .unidentified)])
    #expect(
      revoked(table, 10, keeping: ["a"]) == [
        .init(descriptor: 2, reason: .revoked), .init(descriptor: 3, reason: .revoked),
        .init(descriptor: 4, reason: .unidentified),
      ])
    for descriptor: Int32 in 2...4 { table.disconnected(descriptor, now: start) }
    #expect(revoked(table, 20, keeping: ["a"]).isEmpty)
    if role != .hearts { #expect(!table.isListening) }
  }

  /// Whoever connects afterwards was asked for the key then.
  @Test func laterConnectionsStay() {
    var table = ConnectionTable(role: .clients, identifies: true)
    table.accepted(1, now: start + .milliseconds(900))
    #expect(revoked(table, 0, keeping: []).isEmpty)
    // Noted late.
    table.accepted(2, now: start + .milliseconds(100))
    #expect(revoked(table, 0, keeping: []).map(\.descriptor) == [2])
  }

  /// The key of a connection that has ended isn't that of the next one with its descriptor.
  @Test func aDescriptorThatIsUsedAgainHasNoKey() {
    var table = ConnectionTable(role: .clients, identifies: true)
    table.accepted(1, now: start)
    table.heard(1, isValid: true, key: "a", at: start)
    table.disconnected(1, now: start + .milliseconds(10))
    table.accepted(1, now: start + .milliseconds(20))
    table.heard(1, isValid: true, key: "a", at: start + .milliseconds(5))
    #expect(revoked(table, 30, keeping: ["a"]).map(\.reason) == [.unidentified])
  }
}

extension ConnectionTable {
  /// Without knowledge of what has passed.
  fileprivate func missingEngine(since time: Instant) -> [End] {
    missingEngine(since: time) { _ in nil }
  }
}
