/// A file descriptor whose output is captured, and the name it is published under.
struct CapturedDescriptor: Sendable, Hashable {
  let descriptor: Int32
  /// `stdout` or `stderr`.
  let name: String
}

/// A piece of output and the request it belongs to.
struct StreamText<Owner: Sendable>: Sendable {
  /// `stdout` or `stderr`.
  let name: String
  let text: String
  /// The request that ran, or the last one that did.
  let owner: Owner
}

extension StreamText: Equatable where Owner: Equatable {}
