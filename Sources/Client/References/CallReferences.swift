/// The references among the arguments of a call.
struct CallReferences: Sendable {
  /// Values that are kept on some engines.
  var kept: [RemoteHolding] = []
  /// Values that every engine has.
  var broadcast: [BroadcastHolding] = []

  var isEmpty: Bool { kept.isEmpty && broadcast.isEmpty }

  /// Whether a value is computed again when it is lost.
  var isRecomputable: Bool { kept.contains { $0.isRecomputable } }

  /// Checks that no value is lost for good.
  ///
  /// - Throws: ``ReferenceLost``.
  func checkHomes() throws { try Self.checkHomes(of: kept) }

  /// Checks that no value is lost for good.
  ///
  /// - Throws: ``ReferenceLost``.
  static func checkHomes(of values: [RemoteHolding]) throws {
    for value in values where value.isNowhere && !value.isRecomputable {
      throw ReferenceLost.engineGone(value.name, value.home)
    }
  }
}
