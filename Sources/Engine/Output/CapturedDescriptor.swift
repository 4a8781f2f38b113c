/// A file descriptor whose output is captured, and the name the output is published under.
struct CapturedDescriptor: Sendable, Hashable {
  let descriptor: Int32
  /// `stdout` or `stderr`.
  let name: String
}
