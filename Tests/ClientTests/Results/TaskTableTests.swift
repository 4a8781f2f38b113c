import Synchronization
import Testing

@testable import MartletClient

@Suite struct TaskTableTests {
  @Test(arguments: [0, 1, 255, 256, 257, 1000]) func pagesComeAndGo(count: Int) {
    var table = TaskTable(count: count)
    #expect(table.indices == 0..<count && table.pageCount == 0)
    for slot in table.indices {
      #expect(table[slot].id.isEmpty && table[slot].outcome == nil)
      table.update(slot) { $0.id = "\(slot)" }
      // A single task is not in a page.
      #expect(table.pageCount == (count == 1 ? 0 : slot / 256 + 1))
    }
    for slot in table.indices {
      #expect(table.read(slot) { $0.id } == "\(slot)")
      table.release(slot)
      #expect(table[slot].id.isEmpty && table[slot].isRead && table[slot].outcome != nil)
    }
    #expect(table.pageCount == 0)
  }

  @Test func aSecondOutcomeOfATaskThatWasLetGoTakesNoMemory() {
    let state = ResultState(total: 300, method: "parse", window: 10)
    for slot in 0..<256 {
      state.fail(slot, CancellationError())
      state.didRead(slot)
    }
    state.fail(0, CancellationError())
    #expect(state.begin(0, id: "late", engines: [], outputs: 0) == nil)
    #expect(state.storage.withLock { $0.tasks.pageCount } == 0)
  }
}
