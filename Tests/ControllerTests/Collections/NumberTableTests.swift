import Testing

@testable import MartletController

@Suite struct NumberTableTests {
  /// It does what a dictionary does.
  @Test(arguments: [UInt64(1), 16, 1 << 32, 0x9E37_79B9_7F4A_7C15]) func valuesAreFoundUntilTheyAreRemoved(step: UInt64)
  {
    var generator = SplitMix64(seed: 1)
    var table = NumberTable(vacant: "")
    var model: [UInt64: String] = [:]
    for round in 0..<5000 {
      let number = UInt64.random(in: 0..<300, using: &generator) &* step
      switch Int.random(in: 0..<4, using: &generator) {
      case 0: (table[number], model[number]) = (nil, nil)
      case 1: (table[number], model[number]) = ("\(round)", "\(round)")
      case 2:
        if let slot = table.find(number) {
          #expect(table.number(of: slot) == number)
          table[slot] += "!"
        }
        model[number]? += "!"
      default: #expect(table[number] == model[number])
      }
    }
    #expect(table.count == model.count && !model.isEmpty)
    var visited: [UInt64: String] = [:]
    table.visit { visited[$0] = $1 }
    #expect(visited == model)
  }
}
