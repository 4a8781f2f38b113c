/// Sends one subscriber the lines of a call's output, each as soon as it can no longer change.
struct LineFeed: Sendable {
  private struct Stream: Hashable {
    let slot: Int
    let source: OutputLine.Source
  }

  private let continuation: AsyncStream<OutputLine>.Continuation
  /// How much of each stream has been sent, in UTF-8 bytes.
  private var sent: [Stream: Int] = [:]

  init(_ continuation: AsyncStream<OutputLine>.Continuation) { self.continuation = continuation }

  /// Sends the lines that are complete and have not been sent.
  mutating func send(_ slot: Int, _ source: OutputLine.Source, _ text: TerminalText) {
    let stream = Stream(slot: slot, source: source)
    for line in text.lines(from: sent[stream] ?? 0) { yield(line, stream) }
    sent[stream] = text.lineStart
  }

  /// Sends what is left of all outputs, including last lines without a newline, and ends the stream.
  mutating func finish(_ outputs: [Int: TaskOutput]) {
    send(outputs)
    for slot in outputs.keys.sorted() {
      for source in OutputLine.Source.allCases {
        guard let rest = outputs[slot]?.text(source).lastLine, !rest.isEmpty else { continue }
        yield(String(rest), Stream(slot: slot, source: source))
      }
    }
    end()
  }

  /// Sends the complete lines of all outputs.
  mutating func send(_ outputs: [Int: TaskOutput]) {
    for slot in outputs.keys.sorted() {
      for source in OutputLine.Source.allCases {
        if let text = outputs[slot]?.text(source) { send(slot, source, text) }
      }
    }
  }

  /// Ends the stream.
  func end() { continuation.finish() }

  private func yield(_ text: String, _ stream: Stream) {
    continuation.yield(OutputLine(text: text, source: stream.source, index: stream.slot))
  }
}
