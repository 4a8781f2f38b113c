import MartletWire

/// An argument that was given as the name of a value. A broadcast of many bytes is then decoded once, and not with each call.
struct NamedArgument: KeptArgument {
  let name: String
  let namespace: Namespace

  func decoded<Value: Decodable & Sendable>(as type: Value.Type) throws -> Value? {
    try namespace.decodedValue(of: name, as: type)
  }
}
