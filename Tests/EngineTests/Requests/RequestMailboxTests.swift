import Synchronization
import Testing

@testable import MartletEngine

@Suite(.timeLimit(.minutes(1))) struct RequestMailboxTests {
  private final class Item: Sendable {}

  @Test func handsRequestsToTheRunner() async {
    let mailbox = RequestMailbox<String>()
    #expect(mailbox.add("a", id: "a") == .run("a"))
    #expect(mailbox.add("b", id: "b") == .wait)
    #expect(await mailbox.next() == "a")
    #expect(mailbox.finish() == "b")
    #expect(mailbox.finish() == nil)
    async let next = mailbox.next()
    #expect(mailbox.add("c", id: "c") == .run("c"))
    #expect(await next == "c")
  }

  @Test func closingEndsTheRunnersWait() async {
    let mailbox = RequestMailbox<String>()
    async let next = mailbox.next()
    mailbox.close()
    #expect(await next == nil)
    #expect(mailbox.add("late", id: "late") == .wait)
    #expect(await mailbox.next() == nil)
  }

  @Test func aClosedMailboxKeepsNothing() async {
    let mailbox = RequestMailbox<Item>()
    weak var first: Item?
    weak var waiting: Item?
    weak var late: Item?
    do {
      let items = [Item(), Item(), Item()]
      (first, waiting, late) = (items[0], items[1], items[2])
      _ = mailbox.add(items[0], id: "first")
      _ = mailbox.add(items[1], id: "waiting")
      mailbox.close()
      _ = mailbox.add(items[2], id: "late")
      _ = mailbox.addNext(items[2])
    }
    #expect(first == nil)
    #expect(waiting == nil)
    #expect(late == nil)
  }

  @Test func theObserverIsCalledOncePerBusyPeriod() {
    let mailbox = RequestMailbox<String>()
    let counter = Counter()
    mailbox.onStart { counter.add() }
    _ = mailbox.add("a", id: "a")
    _ = mailbox.finish()
    // The runner has not been observed idle, so the busy period continues.
    _ = mailbox.add("b", id: "b")
    #expect(counter.value == 1)
    _ = mailbox.finish()
    #expect(mailbox.runningNumber() == nil)
    _ = mailbox.add("c", id: "c")
    #expect(counter.value == 2)
  }
}

private final class Counter: Sendable {
  private let count = Mutex(0)
  var value: Int { count.withLock { $0 } }
  func add() { count.withLock { $0 += 1 } }
}
