import DequeModule
import MartletZeroMQ

/// The task scheduler's side of its journal: the entries of the current batch of messages, and what must not be sent before
/// they are committed. A value without I/O.
///
/// Everything leaves in the order in which it was decided. So what the journal of a dead controller says is at least what
/// engines and clients can have seen of it: a task without entry was never given to an engine.
struct Journaling<Outgoing> {
  private var entries = JournalBuffer()
  /// What waits, by the batch that it follows from.
  private var outbox = Deque<(epoch: UInt64, items: WorkQueue<Outgoing>)>()
  /// The number of the latest batch of entries.
  private var epoch: UInt64 = 0
  private var committed: UInt64 = 0
  private var nextNumber: UInt64 = 1
  private var ending: (task: HeldMessage, isSuccess: Bool)?

  /// Numbers tasks from here on.
  mutating func beginNumbering(at number: UInt64) { nextNumber = number }

  /// A task has changed.
  mutating func note(_ task: HeldMessage, _ change: TaskChange) {
    switch change {
    case .accepted:
      // One that is too large is not journaled at all.
      guard entries.accepted(nextNumber, task) else { return }
      task.journalNumber = nextNumber
      nextNumber += 1
    case .placed(let placement):
      if task.journalNumber > 0 { entries.placed(task.journalNumber, placement) }
    case .ended(let isSuccess): ending = (task, isSuccess)
    }
  }

  /// The reply to the task that has just ended.
  mutating func noteReply(_ reply: HeldMessage, id: String) {
    guard let (task, isSuccess) = ending, task.journalNumber > 0 else { return }
    ending = nil
    if entries.finished(task.journalNumber, id: id, isSuccess: isSuccess, task: task, reply: reply) {
      reply.journalNumber = task.journalNumber
    } else {
      entries.ended(task.journalNumber)
    }
  }

  /// The reply to a task that has ended could not be sent.
  mutating func noteUndelivered(_ number: UInt64) { entries.undelivered(number) }

  /// A task of an earlier controller has ended without a reply.
  mutating func noteEnd(_ number: UInt64) { entries.ended(number) }

  /// Keeps something until the entries so far are committed.
  ///
  /// - Returns: whether it has to wait.
  mutating func hold(_ item: Outgoing) -> Bool {
    let needed = entries.isEmpty ? epoch : epoch + 1
    guard !outbox.isEmpty || needed > committed else { return false }
    // Everything that follows from one batch is sent after one commit.
    if outbox.last?.epoch != needed { outbox.append((needed, WorkQueue())) }
    outbox[outbox.count - 1].items.append(item)
    return true
  }

  /// Takes the entries so far, to be committed.
  ///
  /// - Returns: `nil` if there are none.
  mutating func takeBatch() -> (entries: [UInt8], epoch: UInt64)? {
    guard !entries.isEmpty else { return nil }
    epoch += 1
    return (entries.take(), epoch)
  }

  /// The journal has committed all entries up to a batch.
  mutating func committed(_ epoch: UInt64) { committed = max(committed, epoch) }

  /// Takes the next things to send, if they need not wait any longer.
  ///
  /// - Parameter all: whether to wait no more.
  mutating func take(all: Bool = false) -> WorkQueue<Outgoing>? {
    guard let epoch = outbox.first?.epoch, all || epoch <= committed else { return nil }
    return outbox.removeFirst().items
  }

  /// Takes back what has not been sent and matches.
  mutating func removeAll(where isRemoved: (Outgoing) -> Bool) {
    for index in outbox.indices { outbox[index].items.removeAll(where: isRemoved) }
    outbox.removeAll { $0.items.isEmpty }
  }

  /// Whether nothing waits for a commit.
  var isQuiet: Bool { outbox.isEmpty && entries.isEmpty && committed == epoch }
}
