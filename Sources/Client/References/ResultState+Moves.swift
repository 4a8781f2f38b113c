extension ResultState {
  /// Submits all tasks, at once if what they need is where they run, otherwise when it has been moved there.
  func afterMoves(_ client: Client, _ submit: @escaping @Sendable (Client, ResultState, _ slot: Int) -> Void) {
    guard let references, let target = references.target, !references.missing.isEmpty else {
      for slot in 0..<total { submit(client, self, slot) }
      return
    }
    Task {
      do {
        for missing in references.missing { try await missing.move(to: target) }
        for slot in 0..<total { submit(client, self, slot) }
      } catch {
        for slot in 0..<total { fail(slot, error) }
      }
    }
  }
}
