/// Tasks that are not accepted yet, in the order in which they arrived.
struct DeferredSubmissions<Payload> {
  private var submissions: [TaskSubmission<Payload>] = []
  /// The ids that they wait for.
  private(set) var awaited: Set<String> = []

  /// How many are kept; those beyond are accepted at once, whatever they lack.
  private static var limit: Int { 1024 }

  /// Whether a task is among them.
  func contains(_ id: String) -> Bool { submissions.contains { $0.id == id } }

  /// Keeps a task, if there is room.
  mutating func keep(_ submission: TaskSubmission<Payload>, _ missing: [String]) -> Bool {
    guard submissions.count < Self.limit else { return false }
    submissions.append(submission)
    awaited.formUnion(missing)
    return true
  }

  /// The place of the first one that a closure chooses.
  func firstIndex(where isChosen: (TaskSubmission<Payload>) -> Bool) -> Int? { submissions.firstIndex(where: isChosen) }

  /// Removes the one in a place.
  mutating func remove(at index: Int) -> TaskSubmission<Payload> {
    defer { if submissions.isEmpty { awaited = [] } }
    return submissions.remove(at: index)
  }
}

extension DeferredSubmissions: Sendable where Payload: Sendable {}
