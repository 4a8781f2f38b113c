/// Submits the chunks of a map, no more at once than its window has room for.
struct MapFeeder: Sendable {
  let state: ResultState
  let window: Int
  /// Packs and submits one chunk.
  let submit: @Sendable (_ slot: Int) -> Void

  /// Fills the window at once. If there are more chunks, a task submits them as results arrive.
  func start() {
    let first = min(window, state.total)
    for slot in 0..<first { submit(slot) }
    guard first < state.total else { return }
    Task { await feed(from: first) }
  }

  private func feed(from first: Int) async {
    var next = first
    while next < state.total {
      // Refilling half a window at a time wakes this task rarely.
      guard (try? await state.wait(for: .outstanding(below: window / 2 + 1))) != nil else { return }
      if state.isCancelled { return }
      let room = max(window - state.outstandingCount, 1)
      let end = next + min(room, state.total - next)
      for slot in next..<end { submit(slot) }
      next = end
    }
  }
}
