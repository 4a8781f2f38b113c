import DequeModule
import MartletZeroMQ

/// The task scheduler's side of its journal: the entries of the current batch of messages, and what must not be sent before
/// they are committed.
///
/// Everything leaves in the order in which it was decided. So what the journal of a dead controller says is at least what
/// engines and clients can have seen of it: a task without entry was never given to an engine.
struct Journaling {
  /// What the scheduler sends.
  enum Outgoing {
    case task(TaskScheduler.HeldTask)
    case reply(HeldMessage, taskID: String)
    case probe(EngineIdentity, number: Int)
  }

  let journal: Journal
  var entries = JournalBuffer()
  /// Replies that were sent, to be used for the next ones.
  var spare: [HeldMessage] = []
  private var outbox = Deque<(epoch: UInt64, item: Outgoing)>()
  /// The number of the latest batch of entries.
  private var epoch: UInt64 = 0
  private var committed: UInt64 = 0
  private var nextNumber: UInt64 = 1
  private var ending: (task: HeldMessage, isSuccess: Bool)?

  private static let spareLimit = 64

  init(journal: Journal) { self.journal = journal }

  /// Numbers tasks from here on.
  mutating func beginNumbering(at number: UInt64) { nextNumber = number }

  /// A task has changed.
  mutating func note(_ task: HeldMessage, _ change: TaskChange) {
    switch change {
    case .accepted:
      // Too large for a row: it is not journaled at all.
      guard task.frames.totalSize() <= Journal.messageLimit else { return }
      task.journalNumber = nextNumber
      nextNumber += 1
      entries.accepted(task.journalNumber, task)
    case .placed(let placement):
      if task.journalNumber > 0 { entries.placed(task.journalNumber, placement) }
    case .ended(let isSuccess): ending = (task, isSuccess)
    }
  }

  /// The reply to the task that has just ended.
  mutating func noteReply(_ reply: HeldMessage, id: String) {
    guard let (task, isSuccess) = ending, task.journalNumber > 0 else { return }
    ending = nil
    if reply.frames.totalSize() <= Journal.messageLimit {
      reply.journalNumber = task.journalNumber
      entries.finished(task.journalNumber, id: id, isSuccess: isSuccess, task: task, reply: reply)
    } else {
      entries.ended(task.journalNumber)
    }
  }

  /// Keeps something until the entries so far are committed.
  ///
  /// - Returns: whether it has to wait.
  mutating func hold(_ item: Outgoing) -> Bool {
    let needed = entries.isEmpty ? epoch : epoch + 1
    guard !outbox.isEmpty || needed > committed else { return false }
    outbox.append((needed, item))
    return true
  }

  /// Passes the entries on to the journal.
  mutating func post() {
    guard !entries.isEmpty else { return }
    epoch += 1
    journal.post(entries.take(), epoch: epoch)
  }

  /// The journal has committed all entries up to a batch.
  mutating func committed(_ epoch: UInt64) { committed = max(committed, epoch) }

  /// The next thing to send, if it need not wait any longer.
  ///
  /// - Parameter all: whether to wait no more.
  mutating func next(all: Bool = false) -> Outgoing? {
    guard let first = outbox.first, all || first.epoch <= committed else { return nil }
    return outbox.removeFirst().item
  }

  /// Takes back the tasks for an engine that have not been sent. Returns their ids.
  mutating func takeTasks(for engine: EngineIdentity) -> [String] {
    var ids: [String] = []
    outbox.removeAll { item in
      switch item.item {
      case .task(let task) where task.engine == engine:
        ids.append(task.id)
        return true
      case .probe(engine, _): return true
      case .task, .reply, .probe: return false
      }
    }
    return ids
  }

  /// Keeps a reply that was sent for reuse.
  mutating func recycle(_ reply: HeldMessage) {
    if spare.count < Self.spareLimit { spare.append(reply) }
  }
}
