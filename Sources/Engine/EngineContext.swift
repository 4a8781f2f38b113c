import MartletWire

/// What a function can ask of the engine that runs it.
///
/// ```swift
/// RemoteFunction("scaled") { (x: Double) in
///   x * (try EngineContext.current?.value(named: "factor", as: Double.self) ?? 1)
/// }
/// ```
public struct EngineContext: Sendable {
  /// The engine that runs the present task; `nil` outside of an engine's tasks.
  @TaskLocal public static var current: EngineContext?

  /// The engine's number, by which clients address it.
  public let engineID: Int
  /// The engine's uuid, its identity on the wire.
  public let engineUUID: String
  let namespace: Namespace

  /// The value of a name that a client pushed or a function set.
  ///
  /// - Returns: `nil` when there is no such name.
  /// - Throws: `DecodingError` when the value is not of the type.
  public func value<Value: Decodable>(named name: String, as type: Value.Type = Value.self) throws -> Value? {
    try namespace[name]?.decode(type)
  }

  /// Gives a name a value, which clients can pull and later calls can read.
  ///
  /// - Throws: `EncodingError`.
  public func set(_ name: String, to value: some Encodable) throws {
    namespace[name] = try PickleValue(encoding: value)
  }
}
