import Testing

@testable import MartletController

@Suite struct FilenamePatternTests {
  @Test(arguments: [
    ("", "", true), ("", "a", false), ("*", "", true), ("*", "a/b\n", true), ("?", "é", true), ("?", "", false),
    ("a*", "abc", true), ("a*", "bac", false), ("*c", "abc", true), ("a*c", "abcd", false), ("a**b", "ab", true),
    ("*ab*ab", "ababab", true), ("*ab*abc", "abababd", false),
    ("[ab]x", "bx", true), ("[ab]x", "cx", false), ("[!ab]x", "cx", true), ("[!ab]x", "ax", false),
    ("[a-c]", "b", true), ("[a-c]", "d", false), ("[c-a]", "b", false), ("[a-]", "-", true), ("[-a]", "-", true),
    ("[]]", "]", true), ("[!]]", "]", false), ("[!]]", "a", true), ("[]", "[]", true), ("[ab", "[ab", true),
    ("*[*]*", "x*y", true), ("*[*]*", "xy", false), ("*[?]*", "x?y", true), ("[^a]", "^", true), ("[^a]", "b", false),
    ("A", "a", false), ("a.b", "axb", false),
  ])
  func matches(pattern: String, text: String, isMatch: Bool) {
    #expect(FilenamePattern(pattern).matches(text) == isMatch)
  }
}
