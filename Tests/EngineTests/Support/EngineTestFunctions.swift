import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletEngine

/// The error that `fail` throws.
private struct Failure: Error, CustomStringConvertible {
  let description: String
}

/// The functions that the engines under test provide.
let engineTestFunctions: [any RemoteCallable] = [
  RemoteFunction("add") { (a: Int, b: Int) in a + b },
  RemoteFunction("later") { (value: Int) async -> Int in
    await Task.yield()
    return value
  },
  RemoteFunction("fail") { (text: String) throws -> Int in throw Failure(description: text) },
  RemoteFunction("forget") { (name: String) throws -> Bool in
    let context = try #require(EngineContext.current)
    context.removeValue(named: name)
    return try context.value(named: name, as: Int.self) == nil
  },
  RemoteFunction("where") { () throws -> String in
    let context = try #require(EngineContext.current)
    try context.set("seen", to: context.engineID)
    return context.engineUUID
  },
]

/// The result in a successful reply to an `apply_request`.
func value(_ reply: Message) throws -> PickleValue {
  #expect(try reply.content() == ["status": "ok"])
  return try ResultBuffers.deserialize(reply.buffers).value
}
