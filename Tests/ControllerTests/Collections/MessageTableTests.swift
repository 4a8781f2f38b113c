import Testing

@testable import MartletController

@Suite struct MessageTableTests {
  @Test func slotsAreFoundUntilTheyAreFreed() {
    var table = MessageTable(vacant: 0)
    for number in 1...1000 {
      let (slot, isNew) = table.slot(of: "\(number)")
      table[slot] = number
      #expect(isNew && !table.slot(of: "\(number)").isNew)
    }
    for number in stride(from: 2, through: 1000, by: 2) {
      if let slot = table.find("\(number)") { table.remove(slot) }
    }
    #expect(table.count == 500)
    let values = (1...1000).map { number in table.find("\(number)").map { table[$0] } }
    #expect(values == (1...1000).map { $0.isMultiple(of: 2) ? nil : $0 })
    let (slot, _) = table.slot(of: "again")
    #expect(table[slot] == 0 && table.id(of: slot) == "again" && table.count == 501)
  }

  @Test func listsKeepTheirOrder() {
    var table = MessageTable(vacant: ())
    var list = MessageTable<Void>.List()
    let slots = ["a", "b", "c", "d"].map { table.slot(of: $0).slot }
    for slot in slots { table.append(slot, to: &list) }
    for index in [0, 2, 3] { table.unlink(slots[index], from: &list) }
    table.append(slots[2], to: &list)
    #expect(table.ids(in: list) == ["b", "c"] && list.count == 2)
    for index in [1, 2] { table.unlink(slots[index], from: &list) }
    #expect(table.ids(in: list).isEmpty && list.count == 0)
  }
}
