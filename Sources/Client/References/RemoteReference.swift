import MartletWire

/// A value that is kept on the engine where it was computed.
///
/// ```swift
/// let view = client.loadBalanced()
/// let table = try await view.keep(load, "table.csv").value     // stays on its engine; only a description is sent
/// let mean = try await view.apply(mean, table).value           // runs where the table is
/// ```
/// Wherever a function takes the value, a reference can be given in its place, see ``RemoteArgument``. A call of a load-balanced
/// view then goes to the engine that has the value, and one that names several references to the engine that has most of
/// their bytes. What is elsewhere is moved there once, through the client, and remembered.
///
/// On its engine the value has a ``name``, under which it can be pulled and Python sees it: `ipp.Reference(name)`,
/// `view[name]`. It is removed when the last copy of the reference is gone, and when its client is closed or vanishes:
/// engines of Martlet's keep it for ``ClientConfiguration/referenceLease`` after they have last heard of the client.
/// A value is lost with its engine; calls then throw ``ReferenceLost``, unless ``LoadBalancedView/recomputesLost`` was set for
/// it: then it is computed again.
///
/// A reference keeps its client open.
public struct RemoteReference<Value: Codable & Sendable>: Sendable, CustomStringConvertible {
  let holding: RemoteHolding

  init(_ holding: RemoteHolding) { self.holding = holding }

  /// The name of the value on its engine.
  public var name: String { holding.name }

  /// The engine that has computed the value, the last time.
  public var engine: RegisteredEngine { holding.home }

  /// The size of the value in its engine's memory, in bytes, as the engine estimates it. Python counts a container without
  /// its elements.
  public var size: Int { holding.size }

  /// The value, which is fetched each time.
  ///
  /// - Throws: ``ReferenceLost``; what its call throws if it is computed again and fails;
  ///   ``ClientError/Code/wrongResultType``; `CancellationError`.
  public var value: Value { get async throws { try await holding.fetch().decode(Value.self) } }

  /// The name, type, size and engine.
  public var description: String {
    "\(name): \(Value.self), \(size) bytes on engine \(engine.id)"
  }
}

extension RemoteReference: RemoteArgument {
  public typealias RemoteValue = Value

  public func remoteArgument() -> RemoteArgumentValue { RemoteArgumentValue(value: .reference(name), holding: holding) }
}
