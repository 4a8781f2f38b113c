@testable import MartletController

/// The journal's file: what has reached the system, which survives the controller.
final class JournalDisk {
  private var rows: [JournalLedger.BatchID: JournalDatabase.Row] = [:]
  var horizon = 0.0

  var batches: [JournalDatabase.Row] { rows.values.sorted { $0.id < $1.id } }

  func entries(_ id: JournalLedger.BatchID) -> [UInt8]? { rows[id]?.entries }

  func commit(_ changes: JournalDatabase.Changes) {
    for row in changes.added { rows[row.id] = row }
    for id in changes.removed { rows[id] = nil }
    horizon = changes.horizon ?? horizon
  }
}

/// A controller's journal: the real ledger with a driver that mirrors `Journal`. A commit takes a while, and is lost if the
/// controller is killed meanwhile.
final class SimulatedJournal {
  struct Batch {
    let entries: [UInt8]
    let epoch: UInt64
    /// The runs whose replies led to the entries.
    let replies: [Int]
  }

  private unowned let controller: SimulatedController
  private var ledger: JournalLedger
  private var inbox: [Batch] = []
  private var isCommitting = false
  private var questions: [() -> Void] = []
  /// The tasks by their numbers, and how often they had been sent before.
  var tasks: [UInt64: (task: Int, copy: Int)] = [:]

  private var world: Simulation { controller.world }

  init(_ ledger: JournalLedger, of controller: SimulatedController) {
    self.ledger = ledger
    self.controller = controller
  }

  /// For how many seconds all tasks that were accepted are known.
  var coverage: Double { max(0, world.seconds - ledger.horizon) }

  func post(_ batch: Batch) {
    inbox.append(batch)
    work()
  }

  /// Finds the results of tasks, when the journal is not busy.
  func results(of ids: [String], then answer: @escaping ([JournaledResult]) -> Void) {
    let find = { [self] in answer(ids.isEmpty ? [] : ledger.results(of: ids) { world.disk.entries($0) }) }
    if isCommitting { questions.append(find) } else { find() }
  }

  private func work() {
    guard !isCommitting, !inbox.isEmpty else { return }
    isCommitting = true
    let batches = inbox
    inbox = []
    let changes = ledger.add(batches.map(\.entries), at: world.seconds) { world.disk.entries($0) }
    for problem in ledger.problems() { world.fail("the journal's ledger: \(problem)") }
    let time = world.chance(0.9) ? 50 + world.pick(below: 3000) : world.pick(below: 500_000)
    controller.after(.microseconds(time)) { self.committed(batches, changes) }
  }

  private func committed(_ batches: [Batch], _ changes: JournalDatabase.Changes) {
    isCommitting = false
    world.disk.commit(changes)
    for batch in batches {
      for entry in JournalEntries(batch.entries) {
        guard let (task, copy) = tasks[entry.number] else { continue }
        world.ledger.committed(entry.kind, of: task, copy: copy)
      }
      world.ledger.committed(batch.replies)
      controller.after(SimulatedController.hop) { self.controller.journalCommitted(batch.epoch) }
    }
    let waiting = questions
    questions = []
    for question in waiting { question() }
    work()
  }

  /// What is wrong at the end, when all tasks have ended: everything that is kept is forgotten with time.
  func problems() -> [String] {
    var problems = ledger.problems()
    func expect(_ count: Int, _ name: String) { if count != 0 { problems.append("\(count) \(name) in the journal") } }
    expect(inbox.count + (isCommitting ? 1 : 0) + questions.count, "batches or questions")
    expect(ledger.openCount, "open tasks")
    let limits = world.scenario.journalLimits
    if ledger.resultCount > limits.delivered.count + limits.undelivered.count {
      problems.append("\(ledger.resultCount) results in the journal")
    }
    var later = ledger
    later.expire(at: world.seconds + 48 * 3600)
    while !later.takeRemovable().isEmpty {}
    expect(later.resultCount, "results after two days")
    expect(later.batchCount, "batches after two days")
    expect(later.taskCount, "tasks after two days")
    expect(later.totalBytes + later.liveBytes, "bytes after two days")
    return problems
  }
}
