import Wire

/// The metadata of requests, with ipyparallel's keys.
enum RequestMetadata {
  private static let silent: [UInt8] = Array("{\"no_status\":true}".utf8)

  /// The metadata of a direct request, empty for none.
  ///
  /// - Parameters:
  ///   - label: an arbitrary text that comes back with the task's metadata.
  ///   - collectsOutput: false tells the engine to leave out its busy and idle messages.
  static func direct(label: String?, collectsOutput: Bool) -> [UInt8] {
    guard let label else { return collectsOutput ? [] : silent }
    var fields: [String: JSONValue] = ["label": .string(label)]
    if !collectsOutput { fields["no_status"] = true }
    return text(fields)
  }

  /// A JSON object as UTF-8.
  static func text(_ fields: [String: JSONValue]) -> [UInt8] {
    var text: [UInt8] = []
    JSONValue.object(fields).write(into: &text)
    return text
  }
}
