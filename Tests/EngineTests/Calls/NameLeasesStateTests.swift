import MartletZeroMQ
import Testing

@testable import MartletEngine
@testable import MartletWire

/// How long engines keep names for clients.
@Suite struct NameLeasesStateTests {
  private let start = ContinuousClock.now

  private func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

  private func kept(_ name: String, _ owner: String = "A", seconds: Int = 60) -> KeptName {
    KeptName(name: name, owner: owner, time: .seconds(seconds))
  }

  /// Looks once a second, as the engine does.
  private func check(_ state: inout NameLeasesState, until end: Int, from begin: Int = 0) -> [String] {
    (begin...end).flatMap { state.check(at: at($0)) }
  }

  @Test func namesLiveAsLongAsTheirClientIsHeardOf() {
    var state = NameLeasesState()
    state.keep(kept("a"), at: at(0))
    state.keep(kept("b", "B"), at: at(0))
    #expect(check(&state, until: 59) == [])
    #expect(state.renew("A", for: .seconds(60), at: at(59)) == [])
    #expect(check(&state, until: 118, from: 60) == ["b"])
    #expect(check(&state, until: 119, from: 119) == ["a"])
    #expect(state.isEmpty)
  }

  @Test func aClientCanEndItsLease() {
    var state = NameLeasesState()
    for name in ["b", "a"] { state.keep(kept(name), at: at(0)) }
    #expect(state.renew("B", for: .zero, at: at(1)) == [])
    #expect(state.renew("A", for: .zero, at: at(1)) == ["a", "b"])
    #expect(state.isEmpty && state.renew("A", for: .zero, at: at(1)) == [])
  }

  @Test func eachNameProlongsTheLease() {
    var state = NameLeasesState()
    state.keep(kept("a"), at: at(0))
    state.keep(kept("b"), at: at(30))
    #expect(check(&state, until: 89) == [])
    #expect(check(&state, until: 90, from: 90) == ["a", "b"])
  }

  @Test func forgottenNamesAreNotRemovedAgain() {
    var state = NameLeasesState()
    for name in ["a", "b"] { state.keep(kept(name), at: at(0)) }
    state.forget("a")
    state.forget("c")
    #expect(!state.isEmpty)
    #expect(check(&state, until: 60) == ["b"])
    state.keep(kept("d"), at: at(60))
    state.forget("d")
    #expect(state.isEmpty)
    state.keep(kept("e"), at: at(60))
    state.forgetAll()
    #expect(state.isEmpty)
  }

  @Test func aNameHasOneOwner() {
    var state = NameLeasesState()
    state.keep(kept("a"), at: at(0))
    state.keep(kept("a", "B"), at: at(0))
    #expect(state.renew("A", for: .zero, at: at(1)) == [])
    #expect(state.renew("B", for: .zero, at: at(1)) == ["a"])
  }

  @Test func timeInWhichTheEngineWasStoppedDoesNotCount() {
    var state = NameLeasesState()
    state.keep(kept("a"), at: at(0))
    #expect(check(&state, until: 10) == [])
    #expect(state.check(at: at(1_000)) == [])
    #expect(check(&state, until: 1_049, from: 1_001) == [])
    #expect(check(&state, until: 1_050, from: 1_050) == ["a"])
  }

  @Test(arguments: [
    "{}", #"{"name":"a b","owner":"A","seconds":1}"#, #"{"name":"a","owner":1,"seconds":1}"#,
    #"{"name":"a","owner":"A","seconds":-1}"#, #"{"name":"a","owner":"A","seconds":"1"}"#, #"{"name":"a","owner":"A"}"#,
    "[]", "1",
  ]) func malformedFieldsAreRefused(_ text: String) throws {
    #expect(throws: WireError.self) { try RequestMetadata(Bytes(#"{"keep":\#(text)}"#)) }
  }

  @Test func fieldsAreRead() throws {
    let metadata = try RequestMetadata(Bytes(#"{"keep":{"name":"a","owner":"A","seconds":1e300}}"#))
    #expect(metadata.keep == KeptName(name: "a", owner: "A", time: .seconds(1_000_000_000)))
    #expect(try RequestMetadata(Bytes(#"{"keep":null}"#)).keep == nil)
  }
}
