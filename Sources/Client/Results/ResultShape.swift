import MartletWire
import MartletZeroMQ

/// How the replies of a call's tasks make its value: each gives a part, the parts are joined in order.
struct ResultShape<Value: Sendable>: Sendable {
  /// Reads one reply, which was a success.
  let part: @Sendable (TaskReply) throws -> Value
  /// Puts the parts together; `nil` for calls with one task, whose part is the value.
  let join: (@Sendable ([Value]) throws -> Value)?
  /// The position, among the elements of the value, of a part's first element.
  let start: @Sendable (_ slot: Int) -> Int
}

extension ResultShape {
  /// The value of a call with one task.
  static func single(_ part: @escaping @Sendable (TaskReply) throws -> Value) -> ResultShape {
    ResultShape(part: part, join: nil, start: { $0 })
  }

  /// A list with one element a task.
  static func list<Element: Sendable>(
    _ element: @escaping @Sendable (TaskReply) throws -> Element
  ) -> ResultShape where Value == [Element] {
    ResultShape(part: { [try element($0)] }, join: { $0.flatMap(\.self) }, start: { $0 })
  }

  /// A list of which each task has a stretch.
  static func chunks<Element: Sendable>(
    start: @escaping @Sendable (Int) -> Int, _ part: @escaping @Sendable (TaskReply) throws -> [Element]
  ) -> ResultShape where Value == [Element] {
    ResultShape(part: part, join: { $0.flatMap(\.self) }, start: start)
  }
}

extension ResultShape where Value == Void {
  /// Nothing but success.
  static var nothing: ResultShape { ResultShape(part: { _ in }, join: { _ in }, start: { $0 }) }
}

/// Reads the value out of a reply's buffers.
enum ReplyDecoding {
  /// The value as a Swift type.
  ///
  /// - Throws: ``ClientError/Code/wrongResultType`` that names the function and both types, or
  ///   ``ClientError/Code/malformedReply``.
  static func value<Output: Decodable>(_ reply: TaskReply, of method: String, as type: Output.Type) throws -> Output {
    try decode(try first(reply.buffers, of: method).value, of: method, as: type)
  }

  /// The values of a coalesced reply, which stand one after the other.
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
