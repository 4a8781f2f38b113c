/// The references among the arguments of a call.
struct CallReferences: Sendable {
  /// Values that are kept on some engines.
  var kept: [RemoteHolding] = []
  /// Values that every engine has.
  var broadcast: [BroadcastHolding] = []

  var isEmpty: Bool { kept.isEmpty && broadcast.isEmpty }

  /// Checks that no value is lost.
  ///
  /// - Throws: ``ReferenceLost``.
  func checkHomes() throws {
    for value in kept where value.engines.isEmpty { throw ReferenceLost.engineGone(value.name, value.home) }
  }
}
