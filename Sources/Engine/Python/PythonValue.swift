import MartletWire
import MartletZeroMQ

/// What Python says about a name that Swift asked for.
enum PythonValue: Sendable, Hashable {
  case value(PickleValue)
  /// The name has no value.
  case undefined
  /// Only Python can hold the value.
  case failed(RaisedError)

  /// Reads the values in a message.
  ///
  /// - Throws: ``WorkerProtocolError`` when there are more or fewer frames than announced.
  static func read(_ head: JSONValue, _ payload: ArraySlice<Bytes>) throws(WorkerProtocolError) -> [PythonValue] {
    var rest = payload
    var values: [PythonValue] = []
    for entry in head["values"]?.arrayValue ?? [] {
      if let count = entry["frames"]?.intValue {
        guard count >= 1, count <= rest.count else {
          throw WorkerProtocolError("a value of \(count) frames")
        }
        values.append(decode(Array(rest.prefix(count))))
        rest = rest.dropFirst(count)
      } else if let name = entry["ename"]?.stringValue {
        values.append(.failed(RaisedError(name, entry["evalue"]?.stringValue ?? "")))
      } else {
        values.append(.undefined)
      }
    }
    guard rest.isEmpty else { throw WorkerProtocolError("\(rest.count) frames more than the values have") }
    return values
  }

  private static func decode(_ frames: [Bytes]) -> PythonValue {
    do {
      let (value, rest) = try ResultBuffers.deserialize(frames)
      guard rest.isEmpty else { return .failed(RaisedError("PickleError", "\(rest.count) frames are left over")) }
      return .value(value)
    } catch {
      return .failed(RaisedError(error))
    }
  }
}
