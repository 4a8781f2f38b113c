import Testing

@testable import MartletClient

@Suite struct RecentTableTests {
  @Test func remembersTheLatestEntries() {
    var table = RecentTable<Int, String>(limit: 10)
    #expect(table.isEmpty)
    for key in 0..<1000 {
      table.insert("\(key)", for: key)
      #expect(table.count <= 10)
      for recent in max(0, key - 4)...key { #expect(table[recent] == "\(recent)") }
    }
    #expect(table[900] == nil)
  }

  @Test func replacesAndRemovesEntries() {
    var table = RecentTable<Int, String>(limit: 4)
    for key in [1, 2, 3] { table.insert("old", for: key) }
    table.insert("new", for: 1)
    #expect(table[1] == "new")
    #expect(table.count == 3)
    let removed = table.removeValue(for: 1)
    #expect(removed == "new")
    let again = table.removeValue(for: 1)
    #expect(again == nil)
    #expect(table[1] == nil)
  }
}
