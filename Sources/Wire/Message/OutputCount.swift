/// The `outputs` in the metadata of a reply to a request with `no_status`: how many IOPub messages there are about it.
public enum OutputCount {
  /// How the metadata begin that tell of none, those of most replies: an engine writes it first, so that a client need
  /// not read further.
  public static let none = Array(#"{"outputs":0"#.utf8)
}
