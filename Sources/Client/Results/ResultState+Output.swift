import MartletWire
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
      let isLatest = state.tasks.read(slot) { $0.attempt == attempt }
      if case .idle = event {
        guard isLatest else { return (true, []) }
        Self.endOutput(slot, all: false, &state)
      } else if state.tasks.read(slot, { $0.isRead && $0.pendingOutputs == 0 }) {
        // Its output was complete.
        return (true, [Waiter]())
      } else {
        state.outputs[slot, default: TaskOutput()].add(event)
        switch event {
        case .text(let source, _): Self.sendLines(slot, source, &state)
        case .data(let data): Self.report(slot, data, &state)
        default: break
        }
        guard isLatest else { return (false, []) }
        state.tasks.update(slot) { $0.receivedOutputs += 1 }
        Self.endCountedOutput(slot, &state)
      }
      guard state.tasks.read(slot, { $0.pendingOutputs == 0 }) else { return (false, []) }
      Self.finishStreamsIfComplete(&state)
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
      Self.finishStreamsIfComplete(&state)
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
    guard state.tasks.read(slot, { $0.pendingOutputs > 0 }) else { return }
    let (ended, isOver) = state.tasks.update(slot) { task in
      let ended = all ? task.pendingOutputs : 1
      task.pendingOutputs -= ended
      return (ended, task.isRead && task.pendingOutputs == 0)
    }
    state.pendingOutputs -= ended
    if isOver { state.tasks.release(slot) }
  }

  /// Notes the end of a task's output if the reply has stated a total and as much has arrived.
  static func endCountedOutput(_ slot: Int, _ state: inout Storage) {
    let hasAll = state.tasks.read(slot) { task in task.totalOutputs.map { task.receivedOutputs >= $0 } ?? false }
    if hasAll { endOutput(slot, all: true, &state) }
  }

  /// A stream of what tasks say about how far they have come, from now on.
  func reportStream() -> AsyncStream<ProgressReport> {
    // A slow reader misses old reports, not the latest.
    let (stream, continuation) = AsyncStream.makeStream(
      of: ProgressReport.self, bufferingPolicy: .bufferingNewest(1024))
    storage.withLock { state in
      if Self.isOutputComplete(state) { continuation.finish() } else { state.reportStreams.append(continuation) }
    }
    return stream
  }

  private static func report(_ slot: Int, _ data: [String: PickleValue], _ state: inout Storage) {
    guard !state.reportStreams.isEmpty, let report = ProgressReport(task: slot, data["progress"]) else { return }
    for stream in state.reportStreams { stream.yield(report) }
  }

  static func finishStreamsIfComplete(_ state: inout Storage) {
    guard !state.lineFeeds.isEmpty || !state.reportStreams.isEmpty, isOutputComplete(state) else { return }
    for stream in state.reportStreams { stream.finish() }
    state.reportStreams = []
    for index in state.lineFeeds.indices { state.lineFeeds[index].finish(state.outputs) }
    state.lineFeeds = []
  }

  private static func sendLines(_ slot: Int, _ source: OutputLine.Source, _ state: inout Storage) {
    guard !state.lineFeeds.isEmpty, let text = state.outputs[slot]?.text(source) else { return }
    for index in state.lineFeeds.indices { state.lineFeeds[index].send(slot, source, text) }
  }
}
