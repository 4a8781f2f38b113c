import MartletWire

/// The metadata of requests, with ipyparallel's keys.
enum RequestMetadata {
  private static let unlabelled = text(["no_status": true])

  /// The metadata of a request without options. It tells engines to publish no busy and idle messages: the reply states
  /// how much output there is.
  ///
  /// - Parameter label: a text that comes back with the task's metadata.
  static func plain(label: String?) -> [UInt8] {
    guard let label else { return unlabelled }
    return text(["label": .string(label), "no_status": true])
  }

  /// The metadata of a request with the options that all views have.
  ///
  /// - Parameter nesting: how many calls on engines wait for this one.
  /// - Throws: ``ClientError/Code/invalidArgument`` if an option is out of range.
  static func text(
    label: String?, executionTimeout: Duration?, endsEngineAfter: Duration?, deadline: Timestamp?, nesting: Int = 0
  ) throws(ClientError) -> [UInt8] {
    var fields = try limits(
      executionTimeout: executionTimeout, endsEngineAfter: endsEngineAfter, deadline: deadline)
    if nesting > 0 { fields["nesting"] = .int(nesting) }
    return text(fields, label: label)
  }

  /// The metadata of a request with some options.
  static func text(_ options: [String: JSONValue], label: String?) -> [UInt8] {
    if options.isEmpty { return plain(label: label) }
    var fields = options
    fields["no_status"] = true
    if let label { fields["label"] = .string(label) }
    return text(fields)
  }

  /// The metadata of a request that only some engines may run.
  static func addingTargets(_ engines: [RegisteredEngine], to metadata: [UInt8]) -> [UInt8] {
    var field: [UInt8] = []
    field.reserveCapacity(16 + 40 * engines.count)
    field.append(contentsOf: "\"targets\":[".utf8)
    for (index, engine) in engines.enumerated() {
      if index > 0 { field.append(0x2C) }
      JSONValue.string(engine.uuid).write(into: &field)
    }
    field.append(0x5D)
    return JSONFields.adding(field, to: metadata)
  }

  /// The metadata of an attempt at a task. Engines count it together with those of the scheduler.
  static func of(_ attempt: Int, _ metadata: [UInt8], _ trace: TraceContext?) -> [UInt8] {
    let metadata = attempt == 1 ? metadata : JSONFields.adding("\"earlier_attempts\":\(attempt - 1)", to: metadata)
    return trace.map { JSONFields.adding($0.text, to: metadata) } ?? metadata
  }

  /// The fields that limit the time of a request.
  ///
  /// - Throws: ``ClientError/Code/invalidArgument`` if an option is out of range.
  static func limits(
    executionTimeout: Duration?, endsEngineAfter: Duration?, deadline: Timestamp?
  ) throws(ClientError) -> [String: JSONValue] {
    var fields: [String: JSONValue] = [:]
    if let executionTimeout { fields["execution_timeout"] = try seconds(executionTimeout, "executionTimeout") }
    if let endsEngineAfter { fields["stop_grace"] = try seconds(endsEngineAfter, "endsEngineAfter") }
    if let deadline { fields["deadline"] = .string(deadline.text) }
    return fields
  }

  /// The content of a request to abort others.
  ///
  /// - Parameter patience: how long those that run may go on; `nil` for as long as they or the engines say.
  static func abort(_ ids: [String], running: Bool, patience: Duration?) -> JSONValue {
    var content: [String: JSONValue] = ["msg_ids": .array(ids.map { .string($0) }), "running": .bool(running)]
    if let patience { content["stop_grace"] = .double(max(patience, .zero).boundedWait / .seconds(1)) }
    return .object(content)
  }

  /// A duration as engines and schedulers read it.
  ///
  /// - Throws: ``ClientError/Code/invalidArgument`` if it is negative.
  static func seconds(_ duration: Duration, _ option: String) throws(ClientError) -> JSONValue {
    guard duration >= .zero else {
      throw ClientError(.invalidArgument, "the \(option) is negative; use nil for tasks without one")
    }
    let (seconds, attoseconds) = duration.boundedWait.components
    return .double(Double(seconds) + Double(attoseconds) / 1e18)
  }

  /// A JSON object as UTF-8.
  static func text(_ fields: [String: JSONValue]) -> [UInt8] {
    var text: [UInt8] = []
    JSONValue.object(fields).write(into: &text)
    return text
  }
}
