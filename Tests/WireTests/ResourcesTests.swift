import MartletWire
import Testing

@testable import MartletWire

@Suite struct ResourcesTests {
  @Test func amountsAreExact() {
    let tenth: ResourceAmount = 0.1
    var used = ResourceAmount.zero
    for _ in 0..<10 { used = used + tenth }
    #expect(used == 1)
    for _ in 0..<10 { used = used - tenth }
    #expect(used == .zero && used - tenth == .zero)
    #expect(ResourceAmount.gigabytes(8) == 8_000_000_000 && .gibibytes(1) == ResourceAmount(1_073_741_824))
    #expect(ResourceAmount.megabytes(0.5).description == "500000" && tenth.description == "0.1")
  }

  @Test func amountsHaveLimits() {
    #expect(ResourceAmount(.infinity) == .limit && ResourceAmount(-1) == .zero && ResourceAmount(.nan) == .zero)
    #expect(ResourceAmount(integerLiteral: .max) == .limit && ResourceAmount.limit + .limit == .limit)
  }

  @Test(
    arguments: [
      ("2", 2), ("0.5", 0.5), ("8GB", 8e9), ("1.5MiB", 1_572_864), ("3kB", 3000), ("1e3", 1000),
      ("2TiB", 2_199_023_255_552),
      ("", nil), ("GB", nil), ("8gb", nil), ("-1", nil), ("1e300", nil), ("nan", nil), ("2 GB", nil), ("0x10", nil),
    ] as [(String, Double?)])
  func readsTexts(_ text: String, _ value: Double?) {
    #expect(ResourceAmount(Substring(text)) == value.map { ResourceAmount($0) })
  }

  @Test func comparesByName() {
    let offer: Resources = ["gpu": 2, "memory": .gigabytes(8), "none": 0]
    #expect(offer.amounts.count == 2 && offer["none"] == .zero)
    #expect(offer.covers(["gpu": 2]) && offer.covers([:]) && !offer.covers(["gpu": 2.001]) && !offer.covers(["tpu": 1]))
    #expect(offer.covers(["gpu": 1], beside: ["gpu": 1]) && !offer.covers(["gpu": 1], beside: ["gpu": 1.5]))
    var used: Resources = ["gpu": 1]
    used.add(["gpu": 1, "memory": 5])
    used.subtract(["gpu": 2])
    #expect(used == ["memory": 5] && offer.description == "gpu 2, memory 8000000000")
  }

  @Test func travels() throws {
    let resources: Resources = ["gpu": 2, "share": 0.25]
    #expect(resources.json == ["gpu": 2, "share": 0.25])
    #expect(try Resources(json: resources.json, "requires") == resources)
    #expect(try Resources(json: ["gpu": 0, "cpu": 1.0], "requires") == ["cpu": 1])
  }

  @Test(
    arguments: [
      "gpu", ["gpu"], 1, ["gpu": "1"], ["gpu": -1], ["gpu": 1e16], ["gpu": true], ["gpu": .null], ["": 1],
      .object([String(repeating: "n", count: 256): 1]),
      .object(Dictionary(uniqueKeysWithValues: (0..<65).map { ("n\($0)", 1) })),
    ] as [JSONValue])
  func refusesWhatIsNotAmounts(_ json: JSONValue) {
    #expect(throws: WireError.self) { try Resources(json: json, "requires") }
  }
}
