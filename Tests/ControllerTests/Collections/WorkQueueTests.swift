import Testing

@testable import MartletController

@Suite struct WorkQueueTests {
  @Test func elementsLeaveInTheirOrder() {
    var queue = WorkQueue<Int>()
    var model: [Int] = []
    var numbers = SplitMix64(seed: 7)
    for number in 0..<10_000 {
      switch numbers.next() % 8 {
      case 0...3:
        queue.append(number)
        model.append(number)
      case 4...6:
        let expected = model.isEmpty ? nil : model.removeFirst()
        let first = queue.popFirst()
        #expect(first == expected)
      default:
        queue.removeAll { $0 % 5 == 0 }
        model.removeAll { $0 % 5 == 0 }
      }
      #expect(queue.count == model.count && queue.isEmpty == model.isEmpty && queue.first == model.first)
    }
    var rest: [Int] = []
    while let element = queue.popFirst() { rest.append(element) }
    #expect(rest == model)
  }
}
