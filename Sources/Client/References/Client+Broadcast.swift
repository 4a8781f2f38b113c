import MartletWire
import MartletZeroMQ

extension Client {
  /// Sends a value to every engine, to be an argument of many calls. It is encoded once, goes to the registered engines through
  /// the tree of schedulers, see ``broadcast(_:isCoalescing:)``, and to each later one when it registers.
  ///
  /// - Returns: when the registered engines have it.
  /// - Throws: ``ClientError`` if the value can't be encoded or the client is closed; ``RemoteError`` if an engine can't take
  ///   it; `CancellationError`.
  public func broadcast<Value: Codable & Sendable>(_ value: Value) async throws -> Broadcast<Value> {
    guard !isClosed else { throw ClientError.closed }
    let method = "broadcast(\(Value.self))"
    let holding = BroadcastHolding(self, name: references.nextName())
    let name = holding.name
    let call = Call.apply(
      BuiltinFunction.push.rawValue, [], [(name, try Call.encode(value, of: method))], method: method)
    let metadata = keeping(name, in: RequestMetadata.plain(label: nil))
    let engines = connection.add([
      (name, StandingValue(call: call, metadata: metadata) { [weak self] in self?.keepAlive(name, on: $0) })
    ])
    if !engines.isEmpty {
      var view: BroadcastView = broadcast()
      view.collectsOutput = false
      let outcomes = try await view.run(call, on: engines, keeping: name) { _ in ResultShape<Void>.nothing }.outcomes
      for engine in engines { keepAlive(name, on: engine) }
      // One that has left needs it no more.
      for case .failure(let error) in outcomes where !(error is EngineError) { throw error }
    }
    return Broadcast(holding, size: call.buffers.reduce(0) { $0 + $1.count })
  }

  /// The metadata of a request that tells an engine for whom it keeps a name.
  func keeping(_ name: String, in metadata: [UInt8]) -> [UInt8] {
    let field: JSONValue = ["name": .string(name), "owner": .string(session), "seconds": leaseSeconds]
    return JSONFields.adding("\"keep\":\(field.bytes.string)", to: metadata)
  }
}
