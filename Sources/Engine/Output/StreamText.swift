/// A piece of output and the request it belongs to.
struct StreamText<Owner: Sendable>: Sendable {
  /// `stdout` or `stderr`.
  let name: String
  let text: String
  /// The request that was running, or the last one that ran.
  let owner: Owner
}

extension StreamText: Equatable where Owner: Equatable {}
