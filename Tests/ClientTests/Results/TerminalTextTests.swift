import Testing

@testable import MartletClient

@Suite struct TerminalTextTests {
  /// The terminal text after all parts are added.
  private func text(_ parts: [String]) -> TerminalText {
    var text = TerminalText()
    for part in parts { text.append(part) }
    return text
  }

  @Test(arguments: [
    (["a\n10%", "\r20%", "\r30%\nend\r\n"], "a\n30%\nend\n"),
    (["10%\r", "20%\r", "done"], "done"),
    (["kept\r"], "kept"),
    (["kept\r", "\n"], "kept\n"),
    (["kept\r\r", "\r\nnext"], "kept\nnext"),
    (["a\rb\rc\n\rd"], "c\nd"),
    (["ü\rë", "\u{301}\n"], "ë\u{301}\n"),
    (["", ""], ""),
  ])
  func showsWhatATerminalShows(parts: [String], expected: String) {
    #expect(text(parts).text == expected)
  }

  /// Splitting a text into parts in any way gives the same text and the same lines.
  @Test func dividingTheTextChangesNothing() {
    let whole = "one\ntwo\r\n\n10%\r20%\r\r\nüber\n\rlast\r"
    let expected = text([whole])
    #expect(expected.text == "one\ntwo\n\n20%\nüber\nlast")
    let scalars = Array(whole.unicodeScalars)
    for first in 0...scalars.count {
      for second in first...scalars.count {
        let parts = [scalars[..<first], scalars[first..<second], scalars[second...]].map { part in
          String(String.UnicodeScalarView(part))
        }
        let divided = text(parts)
        #expect(divided.text == expected.text)
        #expect(divided.lines(from: 0) == ["one", "two", "", "20%", "über"])
        #expect(divided.lastLine == "last")
      }
    }
  }

  @Test func givesEachLineOnce() {
    var text = TerminalText()
    text.append("a\nb")
    #expect(text.lines(from: 0) == ["a"])
    let sent = text.lineStart
    text.append("c\n\nd")
    #expect(text.lines(from: sent) == ["bc", ""])
    #expect(text.lines(from: text.lineStart).isEmpty)
  }

  /// A new part must not cause a rescan, even of text without newlines or a line that is overwritten repeatedly. Each
  /// byte is examined once for a carriage return and once for a newline.
  @Test(arguments: ["....", "\r 50%", "line\n"]) func examinesEachByteTwiceAtMost(part: String) {
    let count = 10_000
    let text = text(Array(repeating: part, count: count))
    #expect(text.examined <= 2 * count * part.utf8.count)
  }
}
