import Testing

@testable import MartletClient

@Suite struct StandingValuesTests {
  private typealias Values = StandingValues<String, Int>

  private static let engines = (0..<3).map { RegisteredEngine(id: $0, uuid: "engine-\($0)") }
  private static var late: RegisteredEngine { engines[2] }

  /// Two values that the first two engines have.
  private static func values() -> Values {
    var values = Values()
    values.add("b", "first", sentTo: Array(engines[..<2]))
    values.add("a", "second", sentTo: Array(engines[..<2]))
    return values
  }

  private static func describe(_ parcels: [Values.Parcel]) -> [String] { parcels.map { "\($0.name)=\($0.value)" } }

  @Test func withoutValuesNobodyGetsAnything() {
    var values = Values()
    #expect(values.isEmpty && values.parcels(for: Self.late).isEmpty)
    #expect(values.remedy("a", on: Self.late) == nil && values.remove("a").isEmpty)
    values.left(Self.late.uuid)
    values.retain([])
    #expect(values.isEmpty)
  }

  @Test func aLaterEngineGetsAllInTheOrderOfAdding() {
    var values = Self.values()
    #expect(values.parcels(for: Self.engines[0]).isEmpty)
    let parcels = values.parcels(for: Self.late)
    #expect(Self.describe(parcels) == ["b=first", "a=second"])
    for (number, parcel) in parcels.enumerated() { values.sent(parcel, to: Self.late, number) }
    #expect(values.parcels(for: Self.late).isEmpty)
  }

  @Test func whatIsOnItsWayIsNotSentAgain() throws {
    var values = Self.values()
    let parcel = try #require(values.parcels(for: Self.late).first)
    values.sent(parcel, to: Self.late, 7)
    guard case .underway(7)? = values.remedy("b", on: Self.late) else {
      Issue.record("wrong remedy")
      return
    }
    values.arrived(parcel, on: Self.late)
    // Who has had it and lacks it was cleared.
    guard case .send(let again)? = values.remedy("b", on: Self.late) else {
      Issue.record("wrong remedy")
      return
    }
    #expect(again.value == "first")
    guard case .send? = values.remedy("a", on: Self.engines[0]) else {
      Issue.record("wrong remedy")
      return
    }
  }

  @Test func whatHasFailedIsOwed() throws {
    var values = Self.values()
    let parcel = try #require(values.parcels(for: Self.late).first)
    values.sent(parcel, to: Self.late, 7)
    values.failed(parcel, on: Self.late)
    #expect(Self.describe(values.parcels(for: Self.late)) == ["b=first", "a=second"])
  }

  @Test func aNewValueTakesThePlaceOfTheFormer() throws {
    var values = Self.values()
    let former = try #require(values.parcels(for: Self.late).first)
    values.sent(former, to: Self.late, 7)
    values.add("b", "third", sentTo: [Self.engines[0]])
    // What becomes of the former one says nothing about it.
    values.arrived(former, on: Self.late)
    values.failed(former, on: Self.engines[0])
    values.sent(former, to: Self.engines[1], 8)
    #expect(values.parcels(for: Self.engines[0]).isEmpty)
    #expect(Self.describe(values.parcels(for: Self.engines[1])) == ["b=third"])
    #expect(Self.describe(values.parcels(for: Self.late)) == ["a=second", "b=third"])
  }

  @Test func whoHasBeenSentAValueIsToldOfItsEnd() throws {
    var values = Self.values()
    let parcel = try #require(values.parcels(for: Self.late).first)
    values.sent(parcel, to: Self.late, 7)
    #expect(values.remove("b") == Self.engines)
    #expect(values.remove("a") == Array(Self.engines[..<2]))
    #expect(values.isEmpty)
    values.arrived(parcel, on: Self.late)
    values.failed(parcel, on: Self.late)
    values.sent(parcel, to: Self.late, 8)
    #expect(values.isEmpty && values.remedy("b", on: Self.late) == nil)
  }

  @Test func enginesThatHaveLeftAreForgotten() {
    var values = Self.values()
    values.left("engine-0")
    #expect(values.remove("a") == [Self.engines[1]])
    values.retain([Self.engines[2]])
    #expect(Self.describe(values.parcels(for: Self.engines[1])) == ["b=first"])
    #expect(values.remove("b").isEmpty)
  }
}
