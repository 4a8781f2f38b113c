import MartletWire

/// An error that the hub returns to a client, described as a Python exception.
struct HubError: Error {
  /// The Python exception class, for example `KeyError`.
  let ename: String
  /// The exception's text.
  let evalue: String

  static func key(_ text: String) -> HubError { HubError(ename: "KeyError", evalue: "'\(text)'") }
  static func index(_ text: String) -> HubError { HubError(ename: "IndexError", evalue: text) }
  static func value(_ text: String) -> HubError { HubError(ename: "ValueError", evalue: text) }
  static func runtime(_ text: String) -> HubError { HubError(ename: "RuntimeError", evalue: text) }

  init(ename: String, evalue: String) {
    self.ename = ename
    self.evalue = evalue
  }

  init(_ error: TaskStoreError) { self.init(ename: error.exceptionName, evalue: error.message) }
  init(_ error: WireError) { self.init(ename: "ValueError", evalue: error.description) }

  /// The content of an error reply, with the fields of ipyparallel's `wrap_exception`.
  var content: JSONValue { ErrorContent.json(ename: ename, evalue: evalue) }
}
