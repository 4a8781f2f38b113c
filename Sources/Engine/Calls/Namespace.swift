import MartletWire
import Synchronization

/// An engine's names and their values, which clients push and pull.
///
/// Guarded by a mutex, because functions may use it from other tasks. A name stays until it is removed
/// (``EngineContext/removeValue(named:)``) or a client clears the engine (`clear_request`). Functions of both languages see
/// the same names: those that only Python knows are read from it.
final class Namespace: Sendable {
  private let state = Mutex(NamespaceState())
  /// Has the names that Swift doesn't know; `nil` if clients may not run Python code.
  private let python: PythonWorker?

  /// Creates an empty namespace.
  init(python: PythonWorker? = nil) { self.python = python }

  /// Whether names and values are Python's, because it has been started.
  var isPythons: Bool { state.withLock { $0.isPythons } }

  /// Lets Python's driver report its events.
  func withState<Output: Sendable>(_ body: (inout NamespaceState) -> Output) -> Output { state.withLock { body(&$0) } }

  /// Sets the value of a name, or removes it.
  func set(_ name: String, to value: PickleValue?) { state.withLock { $0.set(name, to: value) } }

  /// Sets several names atomically.
  func update(_ pairs: [(String, PickleValue)]) {
    state.withLock { state in
      for (name, value) in pairs { state.set(name, to: value) }
    }
  }

  /// Removes all names, except Python's own, which it removes itself.
  func clear() { state.withLock { $0.clear() } }

  /// The value of a name; `nil` if it has none.
  ///
  /// - Throws: ``RaisedError`` when only Python can hold the value.
  func lookUp(_ name: String) throws(RaisedError) -> PickleValue? {
    switch state.withLock({ $0.lookUp(name) }) {
    case .value(let value): return value
    case .undefined: return nil
    case .askPython: return try python?.value(of: name, in: self)
    }
  }

  /// The value of a name, or the error a Python engine would raise.
  func value(of name: String) throws(RaisedError) -> PickleValue {
    guard let value = try lookUp(name) else { throw RaisedError("NameError", "name '\(name)' is not defined") }
    return value
  }

  /// The decoded value of a name, which is kept for the next call; `nil` if the name has none.
  func decodedValue<Value: Decodable & Sendable>(of name: String, as type: Value.Type) throws -> Value? {
    let (kept, revision) = state.withLock { ($0.decodedValue(of: name), $0.revision) }
    if let kept = kept as? Value { return kept }
    guard let value = try lookUp(name)?.decode(type) else { return nil }
    state.withLock { $0.keep(decoded: value, of: name, ifStill: revision) }
    return value
  }

  /// Whether Swift has a value for a name, without asking Python.
  func holds(_ name: String) -> Bool {
    if case .value = state.withLock({ $0.lookUp(name) }) { true } else { false }
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
