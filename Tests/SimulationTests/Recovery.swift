import MartletWire

@testable import MartletClient

/// Finding out what became of a client's tasks after its connection broke: mirrors `Client+Recovery`.
final class Recovery {
  private let client: SimulatedClient
  private var state: RequestRecovery
  private let tasks: [String: Int]
  private var roundBegan: ContinuousClock.Instant
  private let breaks: Int

  init(_ tasks: [Int], of client: SimulatedClient) {
    self.client = client
    let ids = tasks.map { client.world.ledger.tasks[$0].id }
    self.tasks = Dictionary(zip(ids, tasks)) { first, _ in first }
    state = RequestRecovery(ids)
    roundBegan = client.now
    breaks = client.watch.breaks
  }

  func start() {
    roundBegan = client.now
    state.keep { client.outstanding.context(of: $0) != nil }
    guard let chunk = state.chunks.first else { return finishRound() }
    client.ask(["msg_ids": Self.list(chunk), "status_only": true, "allow_unknown": true]) { outcome in
      switch outcome {
      case .answer(let content): self.judge(chunk, content)
      case .refused, .timeout: self.finishRound()
      case .lost: break
      }
    }
  }

  private func judge(_ chunk: [String], _ content: JSONValue) {
    guard client.watch.breaks == breaks else { return }
    func ids(_ key: String) -> Set<String> { Set((content[key]?.arrayValue ?? []).compactMap(\.stringValue)) }
    let coverage = content["journal_covers"]?.doubleValue
    let verdict = state.answered(
      chunk, .init(completed: ids("completed"), pending: ids("pending"), coverage: coverage))
    for id in verdict.lost {
      guard let task = tasks[id], client.outstanding.context(of: id) != nil else { continue }
      if client.sendAgain(task, coverage: coverage) { continue }
      client.world.ledger.checkUnknown(task)
      client.end(task, .unknown)
    }
    fetch([verdict.finished])
  }

  /// Fetches the results of groups of tasks, one group after the other.
  private func fetch(_ groups: [[String]]) {
    guard let group = groups.first else { return finishRound() }
    let rest = Array(groups.dropFirst())
    guard !group.isEmpty else { return fetch(rest) }
    client.ask(["msg_ids": Self.list(group)]) { outcome in
      switch outcome {
      case .answer(let content):
        for id in group {
          guard let task = self.tasks[id] else { continue }
          guard let number = content[id]?["result_content"]?["answer"]?.intValue else {
            self.client.world.fail("the hub's record of \(id) has no result")
            continue
          }
          self.client.end(task, self.client.world.records.answers[number])
        }
        self.fetch(rest)
      case .refused:
        if group.count == 1 {
          if let task = self.tasks[group[0]] { self.client.end(task, .unrecorded) }
          self.fetch(rest)
        } else {
          let half = group.count / 2
          self.fetch([Array(group[..<half]), Array(group[half...])] + rest)
        }
      case .timeout: self.finishRound()
      case .lost: break
      }
    }
  }

  private func finishRound() {
    state.roundEnded(after: client.now - roundBegan)
    guard !state.isComplete else { return }
    client.after(state.pause) { self.start() }
  }

  private static func list(_ ids: [String]) -> JSONValue { .array(ids.map { .string($0) }) }
}
