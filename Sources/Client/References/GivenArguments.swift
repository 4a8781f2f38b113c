import MartletWire

/// Arguments that may be references, encoded once for one call or many.
struct GivenArguments: Sendable {
  private(set) var values: [PickleValue] = []
  private(set) var references = CallReferences()

  /// No arguments.
  init() {}

  /// Encodes arguments.
  ///
  /// - Parameter method: what is called, for error messages.
  /// - Throws: ``ClientError/Code/invalidArgument`` if one can't be encoded.
  init<each Given: RemoteArgument>(_ arguments: repeat each Given, of method: String) throws(ClientError) {
    for argument in repeat each arguments {
      do {
        let given = try argument.remoteArgument()
        values.append(given.value)
        if let holding = given.holding { references.kept.append(holding) }
        if let holding = given.broadcast { references.broadcast.append(holding) }
      } catch {
        throw ClientError(
          .invalidArgument, "\(method): an argument of type \(Swift.type(of: argument)) can't be sent: \(error)",
          underlying: error)
      }
    }
  }
}
