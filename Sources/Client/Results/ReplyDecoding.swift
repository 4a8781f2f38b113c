import MartletWire
import MartletZeroMQ

/// Reads values out of a reply's buffers.
enum ReplyDecoding {
  /// The value of a reply.
  ///
  /// - Throws: ``ClientError/Code/wrongResultType`` that names the function and both types, or
  ///   ``ClientError/Code/malformedReply``.
  static func value<Output: Decodable>(_ reply: TaskReply, of method: String, as type: Output.Type) throws -> Output {
    try decode(try first(reply.buffers, of: method).value, of: method, as: type)
  }

  /// The elements of a reply whose value is a list of a known length.
  ///
  /// - Throws: as ``value(_:of:as:)``; ``ClientError/Code/malformedReply`` for a list of another length.
  static func elements<Output: Decodable>(
    _ reply: TaskReply, count: Int, of method: String, as type: Output.Type
  ) throws -> [Output] {
    let value = try first(reply.buffers, of: method).value
    guard let elements = value.elements else {
      throw ClientError(.wrongResultType, "\(method) should give a list of \(type), got \(value.typeName)")
    }
    guard elements.count == count else {
      throw ClientError(.malformedReply, "\(method): an engine gave \(elements.count) results for \(count) items")
    }
    return try elements.map { try decode($0, of: method, as: type) }
  }

  /// The values of a coalesced reply, which follow one another in its buffers.
  static func values<Output: Decodable>(_ reply: TaskReply, of method: String, as type: Output.Type) throws -> [Output]
  {
    var rest = reply.buffers
    var values: [Output] = []
    while !rest.isEmpty {
      let (value, remaining) = try first(rest, of: method)
      values.append(try decode(value, of: method, as: type))
      rest = remaining
    }
    return values
  }

  static func first(_ buffers: [Bytes], of method: String) throws(ClientError) -> (value: PickleValue, rest: [Bytes]) {
    do {
      return try ResultBuffers.deserialize(buffers)
    } catch {
      throw ClientError(.malformedReply, "\(method): the result can't be read: \(error)", underlying: error)
    }
  }

  static func decode<Output: Decodable>(
    _ value: PickleValue, of method: String, as type: Output.Type
  ) throws(ClientError) -> Output {
    do {
      return try value.decode(type)
    } catch {
      throw ClientError(
        .wrongResultType, "\(method) should give \(type), got \(value.typeName) (\(error))", underlying: error)
    }
  }
}
