/// An error that has come from an engine. One that code on another engine gets and throws on keeps its name and text.
package protocol RelayedError: Error {
  /// The name of the error's type.
  var ename: String { get }
  /// The error's message.
  var evalue: String { get }
}
