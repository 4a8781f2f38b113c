/// Where a part's first element is in the whole list.
///
/// It isn't nested in ``ResultShape``, because it would be generic then, and its metadata be looked up with each call.
enum PartOffset: Sendable {
  /// At a position that is known when the call is made.
  case fixed(@Sendable (_ slot: Int) -> Int)
  /// After the elements of all earlier parts, so their replies must arrive first.
  case afterEarlierParts
}

/// How the replies of a call's tasks make up its value: each reply gives a part, and the parts are joined in order.
struct ResultShape<Value: Sendable>: Sendable {
  /// Reads one task's reply, which reports success.
  let part: @Sendable (_ reply: TaskReply, _ slot: Int) throws -> Value
  /// Joins the parts; `nil` for calls with one task, whose part is the value.
  let join: (@Sendable ([Value]) throws -> Value)?
  /// Where the elements of a part belong.
  let offset: PartOffset
  /// Adds to a part what its task has printed and displayed, for calls whose value contains that.
  var addOutput: (@Sendable (inout Value, TaskOutput) -> Void)?
}

extension ResultShape {
  /// The value of a call with one task.
  ///
  /// Inlined, so that there is one closure and not one around another.
  @inline(__always)
  static func single(_ part: @escaping @Sendable (TaskReply) throws -> Value) -> ResultShape {
    ResultShape(part: { reply, _ in try part(reply) }, join: nil, offset: .fixed { _ in 0 })
  }

  /// A list with one element for each task.
  static func list<Element: Sendable>(
    _ element: @escaping @Sendable (TaskReply) throws -> Element
  ) -> ResultShape where Value == [Element] {
    ResultShape(part: { reply, _ in [try element(reply)] }, join: { joined($0) }, offset: .fixed { $0 })
  }

  /// A list of which each task has a contiguous part.
  static func chunks<Element: Sendable>(
    _ offset: PartOffset, _ part: @escaping @Sendable (_ reply: TaskReply, _ slot: Int) throws -> [Element]
  ) -> ResultShape where Value == [Element] {
    ResultShape(part: part, join: { joined($0) }, offset: offset)
  }

  /// A loop, because `flatMap(\.self)` makes a key path of a generic type with each call.
  private static func joined<Element>(_ parts: [[Element]]) -> [Element] {
    var all: [Element] = []
    all.reserveCapacity(parts.reduce(0) { $0 + $1.count })
    for part in parts { all += part }
    return all
  }
}

extension ResultShape where Value == Void {
  /// Nothing but success.
  static var nothing: ResultShape { ResultShape(part: { _, _ in }, join: { _ in }, offset: .fixed { $0 }) }
}
