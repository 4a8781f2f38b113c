import Foundation
import MartletWire
import Testing

@Suite struct TextTests {
  @Test func countsWithTheNounInItsNumber() {
    #expect(1.counted("engine") == "1 engine")
    #expect(0.counted("engine") == "0 engines")
    #expect(2.counted("reply", plural: "replies") == "2 replies")
  }

  @Test(arguments: [
    ("default", "default"), ("/a/b-c_d.json", "/a/b-c_d.json"), ("", "''"), ("with space", "'with space'"),
    ("it's", #"'it'\''s'"#), ("$HOME", "'$HOME'"), ("a;b", "'a;b'"), ("~", "'~'"), ("é", "'é'"), ("*", "'*'"),
    ("line\nbreak", "'line\nbreak'"), ("'", #"''\'''"#),
  ])
  func quotesForTheShell(text: String, quoted: String) {
    #expect(text.shellQuoted == quoted)
  }

  @Test func aShellReadsTheWordsBack() throws {
    let words = ["a b", "", "it's", "$(date)", "back\\slash", "\"", "*", "ünïcode"]
    let shell = Process()
    let output = Pipe()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.arguments = ["-c", "printf '%s\\n' \(words.shellCommand)"]
    shell.standardOutput = output
    try shell.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(text == words.map { $0 + "\n" }.joined())
  }
}
