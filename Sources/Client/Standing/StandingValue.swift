/// A value that every engine gets: the call that pushes it, packed once.
struct StandingValue: Sendable {
  let call: Call
  let metadata: [UInt8]
  /// Is told of each engine that is sent it.
  var sent: @Sendable (RegisteredEngine) -> Void = { _ in }
}
