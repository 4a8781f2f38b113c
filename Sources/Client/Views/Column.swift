import MartletWire

/// The arguments that a map gives to one parameter of its function, encoded when their turn comes.
struct Column: Sendable {
  let count: Int
  let encode: @Sendable (Range<Int>) throws(ClientError) -> [PickleValue]

  init<Items: Collection>(_ items: Items, of method: String) where Items.Element: Encodable & Sendable {
    let items = Array(items)
    count = items.count
    encode = { (range) throws(ClientError) in
      var values: [PickleValue] = []
      values.reserveCapacity(range.count)
      for item in items[range] { values.append(try Call.encode(item, of: method)) }
      return values
    }
  }

  /// The columns of several collections.
  static func all<First: Collection, Second: Collection, each Rest: Collection>(
    _ first: First, _ second: Second, _ rest: repeat each Rest, of method: String
  ) -> [Column]
  where
    First.Element: Encodable & Sendable, Second.Element: Encodable & Sendable,
    repeat (each Rest).Element: Encodable & Sendable
  {
    var columns = [Column(first, of: method), Column(second, of: method)]
    for items in repeat each rest { columns.append(Column(items, of: method)) }
    return columns
  }

  /// How many items each of some columns has.
  ///
  /// - Throws: ``ClientError/Code/invalidArgument`` if they differ.
  static func length(of columns: [Column], method: String) throws(ClientError) -> Int {
    let counts = columns.map(\.count)
    guard let count = counts.first, counts.allSatisfy({ $0 == count }) else {
      throw ClientError(
        .invalidArgument,
        "\(method): the collections have \(counts.map(String.init).joined(separator: ", ")) items; they must have the same "
          + "number")
    }
    return count
  }
}
