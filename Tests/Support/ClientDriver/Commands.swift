import Martlet

/// What the commands do, and the requests they have sent.
actor Commands {
  private let file: String
  private var client: Client?
  /// The ids of the messages of each command, to abort them and to ask for their results.
  private var sent: [Int: [String]] = [:]

  init(file: String) { self.file = file }

  /// The answer to a command: `ok` with a value, `error`, or `unsupported`.
  func outcome(of request: JSONValue, _ number: Int) async -> (key: String, value: JSONValue) {
    do {
      guard let value = try await run(request, number) else { return ("unsupported", true) }
      return ("ok", value)
    } catch {
      return ("error", Self.description(of: error))
    }
  }

  func close() async { await client?.close() }

  private func run(_ request: JSONValue, _ number: Int) async throws -> JSONValue? {
    if request["do"]?.stringValue == "connect" { client = try await Client.connect(connectionFile: file) }
    guard let client else { throw CommandError(description: "connect comes first") }
    switch request["do"]?.stringValue {
    case "connect", "engines":
      return .object(Dictionary(uniqueKeysWithValues: client.engines.map { ("\($0.id)", .string($0.uuid)) }))
    case "apply": return try await apply(request, number, client)
    case "execute":
      let replies = try await Targets(request).direct(client).execute(request["code"]?.stringValue ?? "")
      return try Targets(request).reduced(replies.map { ["stdout": .string($0.stdout)] })
    case "push":
      let names = (request["names"]?.objectValue ?? [:]).mapValues(PickleValue.init(plain:))
      let result = try Targets(request).direct(client).push(names)
      sent[number] = result.msgIDs
      try await result.value
      return .null
    case "pull": return try await pull(request, number, client)
    case "map": return try await map(request, number, client)
    case "abort":
      let ids = request["of"]?.intValue.flatMap { sent[$0] } ?? []
      try await client.abort(ids, targets: try Targets(request).engines)
      return .null
    case "clear":
      try await client.clear(try Targets(request).engines)
      return .null
    case "shutdown":
      try await client.shutdown(engines: try Targets(request).engines)
      return .null
    case "query": return try await query(request, client)
    default: return nil
    }
  }

  private func apply(_ request: JSONValue, _ number: Int, _ client: Client) async throws -> JSONValue {
    let name = request["function"]?.stringValue ?? ""
    let args = (request["args"]?.arrayValue ?? []).map(PickleValue.init(plain:))
    let kwargs = KeywordArguments(
      (request["kwargs"]?.objectValue ?? [:]).sorted { $0.key < $1.key }
        .map { ($0.key, PickleValue(plain: $0.value)) })
    let targets = try Targets(request)
    switch targets {
    case .any:
      let result = try client.loadBalanced().apply(name: name, args: args, kwargs: kwargs)
      sent[number] = result.msgIDs
      return try await result.value.plain
    case .broadcast(let ids, let isCoalescing):
      let view = client.broadcast(.ids(ids), isCoalescing: isCoalescing)
      let result = try view.apply(name: name, args: args, kwargs: kwargs)
      sent[number] = result.msgIDs
      return .array(try await result.value.map(\.plain))
    case .one, .several:
      let result = try targets.direct(client).apply(name: name, args: args, kwargs: kwargs)
      sent[number] = result.msgIDs
      return try targets.reduced(try await result.value.map(\.plain))
    }
  }

  private func pull(_ request: JSONValue, _ number: Int, _ client: Client) async throws -> JSONValue {
    let targets = try Targets(request)
    let view = try targets.direct(client)
    guard let names = request["names"]?.arrayValue?.compactMap(\.stringValue) else {
      let values = try await view.pull(request["names"]?.stringValue ?? "").value
      return try targets.reduced(values.map(\.plain))
    }
    return try targets.reduced(try await view.pull(names).value.map { .array($0.map(\.plain)) })
  }

  private func map(_ request: JSONValue, _ number: Int, _ client: Client) async throws -> JSONValue {
    let name = request["function"]?.stringValue ?? ""
    let items = (request["items"]?.arrayValue ?? []).map(PickleValue.init(plain:))
    let result =
      switch try Targets(request) {
      case .any: try client.loadBalanced().map(name: name, items)
      case let targets: try targets.direct(client).map(name: name, items)
      }
    sent[number] = result.msgIDs
    return .array(try await result.value.map(\.plain))
  }

  private func query(_ request: JSONValue, _ client: Client) async throws -> JSONValue? {
    let ids = request["of"]?.intValue.flatMap { sent[$0] } ?? []
    switch request["what"]?.stringValue {
    case "queue": return try await client.queueContents()
    case "result":
      let status = try await client.resultStatus(ids)
      func list(_ ids: [String]) -> JSONValue { .array(ids.map { .string($0) }) }
      return ["completed": list(status.completed), "pending": list(status.pending)]
    case "history": return .array(try await client.hubHistory().map { .string($0) })
    case "db":
      let records = try await client.dbQuery(request["query"] ?? [:], keys: ["msg_id"])
      return .array(records.map { .string($0.msgID) })
    case "purge":
      try await client.purgeResults(ids)
      return .null
    default: return nil
    }
  }

  private static func description(of error: any Error) -> JSONValue {
    let (name, text) =
      switch error {
      case let error as RemoteError: (error.ename, error.evalue)
      case let error as CompositeError: ("CompositeError", error.description)
      case let error as EngineError: ("EngineError", error.description)
      case let error as TaskAborted: ("TaskAborted", error.description)
      default: ("\(type(of: error))", "\(error)")
      }
    return ["ename": .string(name), "evalue": .string(text)]
  }
}

/// A command that can't be understood.
struct CommandError: Error, CustomStringConvertible {
  let description: String
}
