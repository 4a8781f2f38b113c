import Synchronization

/// How much more of a task's output will come once its reply has arrived.
enum RemainingOutput: Sendable, Hashable {
  /// None.
  case none
  /// Everything up to the engine's idle status, as Python engines publish it.
  case untilIdle
  /// As many IOPub messages as are missing from this total, which Swift engines state in their replies.
  case total(Int)
}

extension ResultState {
  /// Adds a part of a task's output.
  ///
  /// - Parameter attempt: the attempt at the task that has published it.
  /// - Returns: whether the task's output is complete now.
  func addOutput(_ slot: Int, attempt: Int = 1, _ event: TaskOutput.Event) -> Bool {
    let (isComplete, waiters) = storage.withLock { state in
      guard state.tasks.indices.contains(slot) else { return (true, [Waiter]()) }
      let isLatest = attempt == state.tasks[slot].attempt
      if case .idle = event {
        guard isLatest else { return (true, []) }
        Self.endOutput(slot, all: false, &state)
      } else if state.tasks[slot].isRead, state.tasks[slot].pendingOutputs == 0 {
        // Its output was complete.
        return (true, [Waiter]())
      } else {
        state.outputs[slot, default: TaskOutput()].add(event)
        if case .text(let source, _) = event { Self.sendLines(slot, source, &state) }
        guard isLatest else { return (false, []) }
        state.tasks[slot].receivedOutputs += 1
        Self.endCountedOutput(slot, &state)
      }
      guard state.tasks[slot].pendingOutputs == 0 else { return (false, []) }
      Self.finishLinesIfComplete(&state)
      return (true, Self.takeReady(&state))
    }
    for waiter in waiters { waiter.continuation.resume() }
    return isComplete
  }

  /// Stops waiting for the rest of a task's output, which may be lost. What arrives all the same is kept.
  func loseOutput(_ slot: Int) {
    let waiters = storage.withLock { state in
      guard state.tasks.indices.contains(slot) else { return [Waiter]() }
      Self.endOutput(slot, all: true, &state)
      Self.finishLinesIfComplete(&state)
      return Self.takeReady(&state)
    }
    for waiter in waiters { waiter.continuation.resume() }
  }

  /// A stream of the lines of output, which starts with those that have arrived already.
  func lineStream() -> AsyncStream<OutputLine> {
    let (stream, continuation) = AsyncStream.makeStream(of: OutputLine.self)
    storage.withLock { state in
      var feed = LineFeed(continuation)
      if Self.isOutputComplete(state) {
        feed.finish(state.outputs)
      } else {
        feed.send(state.outputs)
        state.lineFeeds.append(feed)
      }
    }
    return stream
  }

  static func isOutputComplete(_ state: borrowing Storage) -> Bool {
    state.completed.count == state.tasks.count && state.pendingOutputs == 0
  }

  /// Notes that one engine, or all of them, will publish no more of a task's output.
  static func endOutput(_ slot: Int, all: Bool, _ state: inout Storage) {
    let ended = all ? state.tasks[slot].pendingOutputs : min(1, state.tasks[slot].pendingOutputs)
    guard ended > 0 else { return }
    state.tasks[slot].pendingOutputs -= ended
    state.pendingOutputs -= ended
    if state.tasks[slot].isRead, state.tasks[slot].pendingOutputs == 0 { state.tasks.release(slot) }
  }

  /// Notes the end of a task's output if the reply has stated a total and as much has arrived.
  static func endCountedOutput(_ slot: Int, _ state: inout Storage) {
    guard let total = state.tasks[slot].totalOutputs, state.tasks[slot].receivedOutputs >= total else { return }
    endOutput(slot, all: true, &state)
  }

  static func finishLinesIfComplete(_ state: inout Storage) {
    guard !state.lineFeeds.isEmpty, isOutputComplete(state) else { return }
    for index in state.lineFeeds.indices { state.lineFeeds[index].finish(state.outputs) }
    state.lineFeeds = []
  }

  private static func sendLines(_ slot: Int, _ source: OutputLine.Source, _ state: inout Storage) {
    guard !state.lineFeeds.isEmpty, let text = state.outputs[slot]?.text(source) else { return }
    for index in state.lineFeeds.indices { state.lineFeeds[index].send(slot, source, text) }
  }
}
