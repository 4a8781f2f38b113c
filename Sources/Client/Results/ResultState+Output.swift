import Synchronization

/// What is known of a task's output when its reply is there.
enum RemainingOutput: Sendable, Hashable {
  /// Nothing will come (any more).
  case none
  /// It ends when the engine is idle again, as Python's engines tell.
  case untilIdle
  /// How many IOPub messages there are in all, as Swift engines tell.
  case total(Int)
}

extension ResultState {
  /// Adds a part of a task's output.
  ///
  /// - Returns: whether the task's output is complete now.
  func addOutput(_ slot: Int, _ event: TaskOutput.Event) -> Bool {
    let (isComplete, waiters) = storage.withLock { state in
      guard state.tasks.indices.contains(slot) else { return (true, [Waiter]()) }
      if case .idle = event {
        Self.endOutput(slot, all: false, &state)
      } else {
        state.outputs[slot, default: TaskOutput()].add(event)
        if case .text(let source, let text) = event { Self.split(slot, source, text, &state) }
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

  /// The lines of output, those that came already first.
  func lineStream() -> AsyncStream<OutputLine> {
    let (stream, continuation) = AsyncStream.makeStream(of: OutputLine.self)
    storage.withLock { state in
      for slot in state.outputs.keys.sorted() {
        guard let output = state.outputs[slot] else { continue }
        for (source, text) in [(OutputLine.Source.stdout, output.stdout), (.stderr, output.stderr)] {
          var splitter = LineSplitter()
          for line in splitter.add(text) { continuation.yield(OutputLine(text: line, source: source, index: slot)) }
          // While output is under way the rest stays with the splitters that see what comes next.
          if Self.isOutputComplete(state), let line = splitter.finish() {
            continuation.yield(OutputLine(text: line, source: source, index: slot))
          }
        }
      }
      if Self.isOutputComplete(state) {
        continuation.finish()
      } else {
        state.lineStreams.append(continuation)
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
    state.tasks[slot].pendingOutputs -= ended
    state.pendingOutputs -= ended
  }

  /// Notes that the output ends here, if the reply has told how much there is and that is all.
  static func endCountedOutput(_ slot: Int, _ state: inout Storage) {
    guard let total = state.tasks[slot].totalOutputs, state.tasks[slot].receivedOutputs >= total else { return }
    endOutput(slot, all: true, &state)
  }

  static func finishLinesIfComplete(_ state: inout Storage) {
    guard isOutputComplete(state) else { return }
    for slot in state.lines.keys.sorted() {
      guard var splitters = state.lines[slot] else { continue }
      let rests = [(OutputLine.Source.stdout, splitters.stdout.finish()), (.stderr, splitters.stderr.finish())]
      for (source, line) in rests {
        guard let line else { continue }
        for stream in state.lineStreams { stream.yield(OutputLine(text: line, source: source, index: slot)) }
      }
    }
    state.lines = [:]
    for stream in state.lineStreams { stream.finish() }
    state.lineStreams = []
  }

  private static func split(_ slot: Int, _ source: OutputLine.Source, _ text: String, _ state: inout Storage) {
    var splitters = state.lines[slot] ?? (stdout: LineSplitter(), stderr: LineSplitter())
    let lines = source == .stdout ? splitters.stdout.add(text) : splitters.stderr.add(text)
    state.lines[slot] = splitters
    for stream in state.lineStreams {
      for line in lines { stream.yield(OutputLine(text: line, source: source, index: slot)) }
    }
  }
}
