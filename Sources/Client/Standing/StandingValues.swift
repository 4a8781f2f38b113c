/// The values that every engine gets, also one that registers later, and which engines have been sent them.
///
/// A delivery is how the driver refers to a message on its way.
struct StandingValues<Value: Sendable, Delivery: Sendable>: Sendable {
  /// A value that is to be sent to an engine.
  struct Parcel: Sendable {
    let name: String
    let value: Value
    /// Tells values apart that have followed one another under a name.
    fileprivate let number: Int
  }

  /// What helps an engine that lacks a value.
  enum Remedy: Sendable {
    /// The value is on its way.
    case underway(Delivery)
    /// It has to be sent.
    case send(Parcel)
  }

  private struct Item: Sendable {
    let number: Int
    let value: Value
    /// The engines that have been sent the value, by uuid; with the delivery until that has ended.
    var engines: [String: (engine: RegisteredEngine, delivery: Delivery?)] = [:]
  }

  private var items: [String: Item] = [:]
  private var lastNumber = 0

  /// Whether there are no values.
  var isEmpty: Bool { items.isEmpty }

  /// Every engine is to have a value under a name, in place of the former one.
  ///
  /// - Parameter engines: those that its owner sends it to.
  mutating func add(_ name: String, _ value: Value, sentTo engines: [RegisteredEngine]) {
    lastNumber += 1
    var item = Item(number: lastNumber, value: value)
    for engine in engines { item.engines[engine.uuid] = (engine, nil) }
    items[name] = item
  }

  /// A value is not needed any more.
  ///
  /// - Returns: the engines that have been sent it, in the order of their ids.
  mutating func remove(_ name: String) -> [RegisteredEngine] {
    (items.removeValue(forKey: name)?.engines.values.map(\.engine) ?? []).sorted { $0.id < $1.id }
  }

  /// An engine has registered.
  ///
  /// - Returns: what it has not been sent, in the order in which that was added.
  func parcels(for engine: RegisteredEngine) -> [Parcel] {
    guard !items.isEmpty else { return [] }
    return items.filter { $0.value.engines[engine.uuid] == nil }.map(Self.parcel).sorted { $0.number < $1.number }
  }

  /// An engine has said that it lacks a value.
  ///
  /// - Returns: `nil` if the value is not needed any more.
  func remedy(_ name: String, on engine: RegisteredEngine) -> Remedy? {
    guard let item = items[name] else { return nil }
    if let delivery = item.engines[engine.uuid]?.delivery { return .underway(delivery) }
    return .send(Self.parcel(name, item))
  }

  /// A parcel has been sent.
  mutating func sent(_ parcel: Parcel, to engine: RegisteredEngine, _ delivery: Delivery) {
    guard items[parcel.name]?.number == parcel.number else { return }
    items[parcel.name]?.engines[engine.uuid] = (engine, delivery)
  }

  /// A parcel has arrived.
  mutating func arrived(_ parcel: Parcel, on engine: RegisteredEngine) {
    guard items[parcel.name]?.number == parcel.number else { return }
    items[parcel.name]?.engines[engine.uuid]?.delivery = nil
  }

  /// A parcel could not be delivered.
  mutating func failed(_ parcel: Parcel, on engine: RegisteredEngine) {
    guard items[parcel.name]?.number == parcel.number else { return }
    items[parcel.name]?.engines[engine.uuid] = nil
  }

  /// An engine has left.
  mutating func left(_ uuid: String) {
    for name in items.keys { items[name]?.engines[uuid] = nil }
  }

  /// Only these engines are there.
  mutating func retain(_ engines: [RegisteredEngine]) {
    let uuids = Set(engines.map(\.uuid))
    items = items.mapValues { item in
      var item = item
      item.engines = item.engines.filter { uuids.contains($0.key) }
      return item
    }
  }

  private static func parcel(_ name: String, _ item: Item) -> Parcel {
    Parcel(name: name, value: item.value, number: item.number)
  }
}
