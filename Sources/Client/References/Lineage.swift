/// The call that has computed a value, to be made again when the value is lost.
struct Lineage: Sendable {
  /// The view of the first call, whose options count for the next one, too.
  let view: LoadBalancedView
  /// It names the value.
  let call: Call
  /// They are kept as long as the value, so that they are there or can in turn be computed again.
  let arguments: CallReferences

  /// Computes the value again, on whichever engine the view gives it to.
  ///
  /// - Throws: what the call throws; ``ReferenceLost`` if an argument is lost; ``ClientError``.
  func compute(_ kept: RemoteHolding) async throws {
    let method = call.method
    let shape = ResultShape.single { try kept.describe($0, method) }
    _ = try await view.run(call, shape: shape, arguments, keeping: kept).value
    try await kept.client.learn(uuid: kept.home.uuid)
  }
}
