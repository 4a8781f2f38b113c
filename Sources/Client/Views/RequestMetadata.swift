import MartletWire

/// The metadata of requests, with ipyparallel's keys.
enum RequestMetadata {
  private static let unlabelled = text(["no_status": true])

  /// The metadata of a request without options. Engines are told to leave out their busy and idle messages: how much
  /// output there is stands in the reply.
  ///
  /// - Parameter label: an arbitrary text that comes back with the task's metadata.
  static func plain(label: String?) -> [UInt8] {
    guard let label else { return unlabelled }
    return text(["label": .string(label), "no_status": true])
  }

  /// A JSON object as UTF-8.
  static func text(_ fields: [String: JSONValue]) -> [UInt8] {
    var text: [UInt8] = []
    JSONValue.object(fields).write(into: &text)
    return text
  }
}
