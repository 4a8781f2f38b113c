import MartletWire

/// What a task printed and displayed.
public struct TaskOutput: Sendable, Hashable {
  /// The text on standard output so far.
  public internal(set) var stdout = ""
  /// The text on standard error so far.
  public internal(set) var stderr = ""
  /// The contents of `display_data` messages: `data` by MIME type, and `metadata`.
  public internal(set) var displayed: [JSONValue] = []
  /// The content of the `execute_result` message, if there was one.
  public internal(set) var executeResult: JSONValue?
  /// The code that was executed, as the engine repeated it.
  public internal(set) var executeInput: String?
  /// The error as it was published, with its traceback.
  public internal(set) var error: RemoteError?

  /// A part of a task's output, as an IOPub message brings it.
  enum Event: Sendable {
    case text(OutputLine.Source, String)
    case displayed(JSONValue)
    case executeResult(JSONValue)
    case executeInput(String)
    case error(RemoteError)
    /// A message of another kind, which shows nothing but counts.
    case other
    /// The engine is idle again: nothing more will come.
    case idle
  }

  /// Adds a part.
  mutating func add(_ event: Event) {
    switch event {
    case .text(.stdout, let text): Self.append(text, to: &stdout)
    case .text(.stderr, let text): Self.append(text, to: &stderr)
    case .displayed(let content): displayed.append(content)
    case .executeResult(let content): executeResult = content
    case .executeInput(let code): executeInput = code
    case .error(let error): self.error = error
    case .other, .idle: break
    }
  }

  /// Adds text; a carriage return that no newline follows overwrites its line, as on a terminal.
  private static func append(_ text: String, to whole: inout String) {
    guard text.unicodeScalars.contains("\r") else {
      whole += text
      return
    }
    var scalars = whole.unicodeScalars
    var isReturning = false
    for scalar in text.unicodeScalars {
      if isReturning, scalar != "\n" {
        while let last = scalars.last, last != "\n" { scalars.removeLast() }
      }
      isReturning = scalar == "\r"
      if !isReturning { scalars.append(scalar) }
    }
    if isReturning { scalars.append("\r") }
    whole = String(scalars)
  }
}

/// A line of a task's output.
public struct OutputLine: Sendable, Hashable {
  /// Where it was written to.
  public enum Source: String, Sendable, Hashable {
    case stdout, stderr
  }

  /// The text without its newline.
  public let text: String
  /// Standard output or standard error.
  public let source: Source
  /// The task's place in its result.
  public let index: Int
}

/// Cuts a stream of text into lines.
struct LineSplitter: Sendable {
  private var rest = ""

  /// The lines that text completes.
  mutating func add(_ text: String) -> [String] {
    rest += text
    guard rest.utf8.contains(0x0A) else { return [] }
    var lines = rest.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    rest = lines.removeLast()
    return lines
  }

  /// The last line, if the text did not end with a newline.
  mutating func finish() -> String? {
    defer { rest = "" }
    return rest.isEmpty ? nil : rest
  }
}
