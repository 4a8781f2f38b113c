import Foundation
import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletEngine

/// Engines with a real Python, which `MARTLET_PYTHON` names. Tests without it are skipped.
enum PythonEngine {
  static let interpreter = ProcessInfo.processInfo.environment["MARTLET_PYTHON"]

  static var isAvailable: Bool { interpreter != nil }

  /// A configuration with the interpreter.
  static func configuration(grace: Duration = .seconds(5)) -> PythonConfiguration {
    PythonConfiguration(interpreter: interpreter, interruptGrace: grace)
  }

  /// The functions registered in the engines.
  static let functions: [any RemoteCallable] = [
    RemoteFunction("add") { (a: Int, b: Int) in a + b },
    RemoteFunction("read") { (name: String) throws -> Int? in try EngineContext.current?.value(named: name) },
    RemoteFunction("write") { (name: String, value: Int) throws -> Bool in
      try EngineContext.current?.set(name, to: value)
      return true
    },
    RemoteFunction("forget") { (name: String) -> Bool in
      EngineContext.current?.removeValue(named: name)
      return true
    },
  ]

  /// Runs an engine with Python for the duration of a closure.
  static func run(
    _ configuration: PythonConfiguration = configuration(), _ body: (FakeController) async throws -> Void
  ) async throws {
    try await withEngine(id: 3, functions: functions, python: configuration, body)
  }
}

extension FakeController {
  /// The answer to code.
  func execute(_ code: String, silent: Bool = true) throws -> JSONValue {
    try send(.mux, MessageType.executeRequest, content: ["code": .string(code), "silent": .bool(silent)])
    return try receive(.mux).content()
  }

  /// Runs code that must succeed.
  func succeed(_ code: String) throws {
    let content = try execute(code)
    #expect(content["status"] == "ok", "\(code): \(content)")
  }

  /// The answer to a call.
  func call(_ function: String, _ args: PickleValue...) throws -> Message {
    try send(.mux, MessageType.applyRequest, buffers: ApplyCall.pack(function: function, args: args))
    return try receive(.mux)
  }

  /// The result of a call that must succeed.
  func result(_ function: String, _ args: PickleValue...) throws -> PickleValue {
    try send(.mux, MessageType.applyRequest, buffers: ApplyCall.pack(function: function, args: args))
    return try value(try receive(.mux))
  }

  /// Sets names.
  func push(_ values: [(String, PickleValue)]) throws {
    try send(
      .mux, MessageType.applyRequest,
      buffers: ApplyCall.pack(function: BuiltinFunction.push.rawValue, kwargs: values))
    #expect(try value(try receive(.mux)) == PickleValue.none)
  }

  /// The value of a name or expression.
  func pull(_ name: String) throws -> PickleValue { try result(BuiltinFunction.pull.rawValue, .string(name)) }
}
