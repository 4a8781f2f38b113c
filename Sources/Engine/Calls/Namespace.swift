import MartletWire
import Synchronization

/// An engine's names and their values, which clients push and pull.
///
/// Guarded by a mutex, because functions may use it from other tasks. A name stays until it is removed
/// (``EngineContext/removeValue(named:)``) or a client clears the engine (`clear_request`).
final class Namespace: Sendable {
  private let values = Mutex<[String: PickleValue]>([:])

  subscript(name: String) -> PickleValue? {
    get { values.withLock { $0[name] } }
    set { values.withLock { $0[name] = newValue } }
  }

  /// Sets several names atomically.
  func update(_ pairs: [(String, PickleValue)]) {
    values.withLock { values in
      for (name, value) in pairs { values[name] = value }
    }
  }

  /// Removes all names.
  func clear() { values.withLock { $0.removeAll() } }

  /// The value of a name, or the error a Python engine would raise.
  func value(of name: String) throws(RaisedError) -> PickleValue {
    guard let value = self[name] else { throw RaisedError("NameError", "name '\(name)' is not defined") }
    return value
  }

  /// Replaces each Reference by the value of its name, as ipyparallel does when it uncans: at the top level and in
  /// containers that are small enough to be searched.
  func resolve(_ value: PickleValue) throws(RaisedError) -> PickleValue {
    switch value {
    case .reference(let name): return try self.value(of: name)
    case .list(let items) where Self.isSearched(items): return .list(try resolve(items))
    case .tuple(let items) where Self.isSearched(items): return .tuple(try resolve(items))
    case .dict(var dict) where dict.count < Self.itemThreshold:
      for index in dict.pairs.indices { dict.pairs[index].value = try resolve(dict.pairs[index].value) }
      return .dict(dict)
    default: return value
    }
  }

  private func resolve(_ items: [PickleValue]) throws(RaisedError) -> [PickleValue] {
    var resolved: [PickleValue] = []
    resolved.reserveCapacity(items.count)
    for item in items { resolved.append(try resolve(item)) }
    return resolved
  }

  /// jupyter_client's MAX_ITEMS. Larger containers are not canned, so References in them stay as they are.
  private static let itemThreshold = 64

  private static func isSearched(_ items: [PickleValue]) -> Bool {
    guard items.count < itemThreshold else { return false }
    return items.contains { item in
      switch item {
      case .reference, .list, .tuple, .dict: true
      default: false
      }
    }
  }
}
