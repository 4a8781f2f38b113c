extension String {
  /// The text as one word of a POSIX shell, quoted only where it has to be: `default`, `'with space'`.
  package var shellQuoted: String {
    let plain = utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "_-./=:,@%+".utf8.contains(byte)
      }
    }
    guard isEmpty || !plain else { return self }
    return "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
  }
}

extension Sequence<String> {
  /// The words as a command line that can be pasted into a POSIX shell.
  package var shellCommand: String { map(\.shellQuoted).joined(separator: " ") }
}
