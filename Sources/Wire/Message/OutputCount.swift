/// The field `outputs` in the metadata of a reply to a request with `no_status`: how many IOPub messages belong to it.
package enum OutputCount {
  /// The beginning of metadata that announce no outputs, as those of most replies do. An engine writes the field first, so
  /// a client need not read further.
  package static let none = Array(#"{"outputs":0"#.utf8)
}
