import MartletWire

/// What a task printed and displayed.
public struct TaskOutput: Sendable, Hashable, CustomStringConvertible {
  private var standardOutput = TerminalText()
  private var standardError = TerminalText()
  /// What was displayed: figures, tables and the like, in their latest state.
  public internal(set) var displays: [DisplayData] = []
  /// The value of the last expression of executed code, or `nil` if there was none.
  public internal(set) var executeResult: DisplayData?
  /// The executed code as the engine repeated it.
  public internal(set) var executeInput: String?
  /// The error as the engine published it, with its traceback.
  public internal(set) var error: RemoteError?

  /// What the task has published by name, in its latest state: with ipyparallel's `publish_data`, or, under the name
  /// `progress`, by telling how far it has come.
  public internal(set) var data: [String: PickleValue] = [:]

  /// The text on standard output so far. As on a terminal, what follows a carriage return overwrites the line.
  public var stdout: String { standardOutput.text }
  /// The text on standard error so far. As on a terminal, what follows a carriage return overwrites the line.
  public var stderr: String { standardError.text }

  /// A part of a task's output: the content of one IOPub message.
  enum Event: Sendable {
    case text(OutputLine.Source, String)
    case displayed(DisplayData)
    /// New content for what was displayed under the same name.
    case updated(DisplayData)
    case executeResult(DisplayData)
    case executeInput(String)
    case error(RemoteError)
    case data([String: PickleValue])
    /// A message without content to keep. It counts towards the number of messages the reply announces.
    case other
    /// The engine is idle again and will publish no more.
    case idle
  }

  /// Adds a part.
  mutating func add(_ event: Event) {
    switch event {
    case .text(.stdout, let text): standardOutput.append(text)
    case .text(.stderr, let text): standardError.append(text)
    case .displayed(let display): displays.append(display)
    case .updated(let display):
      guard let id = display.displayID else { return }
      for index in displays.indices where displays[index].displayID == id { displays[index] = display }
    case .executeResult(let value): executeResult = value
    case .executeInput(let code): executeInput = code
    case .error(let error): self.error = error
    case .data(let new): data.merge(new) { $1 }
    case .other, .idle: break
    }
  }

  /// What was printed, on standard output first, then what was displayed and the value, each on lines of its own.
  public var description: String {
    let printed = [stdout, stderr].map { $0.last?.isNewline == true ? String($0.dropLast()) : $0 }
    let shown = displays.map { "\($0)" } + (executeResult.map { ["\($0)"] } ?? [])
    return (printed.filter { !$0.isEmpty } + shown).joined(separator: "\n")
  }

  /// A line for something with a text, which is cut short.
  static func brief(_ name: String, _ text: String) -> String {
    let lines = text.split(whereSeparator: \.isNewline)
    guard let first = lines.first else { return "<\(name)>" }
    let isWhole = lines.count == 1 && first.count <= 80
    return "<\(name): \(first.prefix(80))\(isWhole ? "" : "…")>"
  }

  /// The text of a stream.
  func text(_ source: OutputLine.Source) -> TerminalText {
    switch source {
    case .stdout: standardOutput
    case .stderr: standardError
    }
  }
}
