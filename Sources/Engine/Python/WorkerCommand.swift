import MartletWire
import MartletZeroMQ

/// A message from an engine to its Python.
enum WorkerCommand: Sendable {
  /// The source code of the worker by module.
  case sources([String: String])
  /// What the worker has to know, and to run before the first request.
  case start(engineID: Int, engineUUID: String, configuration: PythonConfiguration, nextExecution: Int)
  /// Names with values that were set in Swift.
  case bind([(name: String, value: PickleValue)])
  /// Names that were removed in Swift.
  case remove([String])
  /// Asks for the values of names.
  case get([String])
  /// A client's request, and how often Python was interrupted before.
  case request(Message, interrupts: Int)

  /// The parts: a JSON object, then the payload, whose large pieces are shared.
  var parts: [Bytes] {
    switch self {
    case .sources(let modules):
      return [Self.head("sources", ["modules": .object(modules.mapValues { .string($0) })])]
    case .start(let engineID, let engineUUID, let configuration, let nextExecution):
      return [
        Self.head(
          "start",
          [
            "engine_id": .int(engineID), "engine_uuid": .string(engineUUID),
            "startup": Self.json(configuration.startup),
            "shell_options": .object(configuration.shellOptions.mapValues { .string($0) }),
            "execution_count": .int(nextExecution),
          ])
      ]
    case .bind(let pairs):
      let frames = pairs.map { ResultBuffers.serialize($0.value) }
      let names = zip(pairs, frames).map { pair, frames in
        JSONValue.object(["name": .string(pair.name), "frames": .int(frames.count)])
      }
      return [Self.head("bind", ["names": .array(names)])] + frames.joined()
    case .remove(let names): return [Self.head("remove", ["names": .array(names.map { .string($0) })])]
    case .get(let names): return [Self.head("get", ["names": .array(names.map { .string($0) })])]
    case .request(let message, let interrupts):
      let type = message.header.messageType
      let head = Self.head("request", ["msg_type": .string(type), "interrupts": .int(interrupts)])
      return [head, message.headerBytes, message.metadataBytes, message.contentBytes] + message.buffers
    }
  }

  private static func json(_ startup: PythonStartup) -> JSONValue {
    func list(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
    return [
      "extensions": list(startup.extensions), "profile_files": list(startup.profileFiles),
      "lines": list(startup.lines), "files": list(startup.files),
    ]
  }

  private static func head(_ type: String, _ fields: [String: JSONValue]) -> Bytes {
    JSONValue.object(fields.merging(["type": .string(type)]) { _, type in type }).bytes
  }
}
