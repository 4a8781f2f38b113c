import MartletWire

/// A host to tunnel through, as ssh and ipyparallel write it: `host`, `user@host` or `user@host:port`.
package struct SSHLogin: Sendable, Hashable, CustomStringConvertible {
  /// A name, an address or an alias of ssh's configuration, with `user@` in front if needed.
  let name: String
  /// The port of its sshd, if not the usual or configured one.
  let port: Int?

  /// Reads a host.
  ///
  /// - Throws: `ConnectionError` for what ssh would not take as one.
  package init(_ text: String) throws(ConnectionError) {
    var name = text[...]
    var port: Int?
    // An address of IPv6 has colons itself: me@[fe80::1]:22.
    if let colon = text.lastIndex(of: ":"), text[..<colon].last == "]" || text.count(where: { $0 == ":" }) == 1 {
      guard let number = Int(text[text.index(after: colon)...]), (1...0xFFFF).contains(number) else {
        throw ConnectionError("'\(text)' is not a host to tunnel through: after the colon comes a port")
      }
      (name, port) = (text[..<colon], number)
    }
    self.name = name.filter { $0 != "[" && $0 != "]" }
    self.port = port
    guard !self.name.isEmpty, !self.name.hasPrefix("-"), !self.name.contains(where: \.isWhitespace) else {
      throw ConnectionError("'\(text)' is not a host to tunnel through: should be a name such as user@login")
    }
  }

  package var description: String { port.map { "\(name):\($0)" } ?? name }

  /// ssh's arguments for it, the last ones of its command line.
  var arguments: [String] { (port.map { ["-p", "\($0)"] } ?? []) + ["--", name] }
}
