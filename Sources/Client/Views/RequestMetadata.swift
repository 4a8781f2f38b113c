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

  /// A JSON object as UTF-8.
  static func text(_ fields: [String: JSONValue]) -> [UInt8] {
    var text: [UInt8] = []
    JSONValue.object(fields).write(into: &text)
    return text
  }
}
