import MartletWire

/// The names of an engine and their values, as far as Swift knows them.
///
/// Before Python starts they are all here. From then on Python has the truth, and this holds what Python has not been told
/// yet and what has been read since Python last ran. A value without I/O: each event returns what to do.
struct NamespaceState: Sendable {
  /// The result of looking for a name.
  enum Lookup: Sendable, Hashable {
    case value(PickleValue)
    case undefined
    /// Python knows.
    case askPython
  }

  /// What Python has to be told before it is asked or runs anything.
  struct Changes: Sendable {
    let removed: [String]
    let set: [(name: String, value: PickleValue)]

    var isEmpty: Bool { removed.isEmpty && set.isEmpty }
  }

  /// All values before Python starts, and again if it turns out that no Python can be used.
  private var values: [String: PickleValue] = [:]
  /// Changes that Python has not been told; `nil` for a removed name.
  private var untold: [String: PickleValue?] = [:]
  /// Values that Python has, read or told since it last ran.
  private var known: [String: PickleValue] = [:]
  /// Values that functions have had decoded.
  private var decoded: [String: any Sendable] = [:]
  /// Grows whenever a decoded value may not be the name's any more.
  private(set) var revision = 0
  /// Whether names and values are Python's.
  private(set) var isPythons = false
  /// Whether clients may have left values with Python.
  private var pythonMayHoldValues = false

  /// Whether clients may have left values here. Of Python's it isn't known which are theirs: whatever they run on this
  /// engine in particular may leave some.
  var mayHoldValues: Bool { isPythons ? pythonMayHoldValues : !values.isEmpty }

  /// Python is about to run something that may leave a value.
  mutating func pythonMayKeepValues() { pythonMayHoldValues = true }

  /// Looks for the value of a name.
  func lookUp(_ name: String) -> Lookup {
    guard isPythons else { return values[name].map { .value($0) } ?? .undefined }
    if let change = untold[name] { return change.map { .value($0) } ?? .undefined }
    return known[name].map { .value($0) } ?? .askPython
  }

  /// Sets the value of a name, or removes it.
  mutating func set(_ name: String, to value: PickleValue?) {
    forgetDecoded(name)
    guard isPythons else {
      values[name] = value
      return
    }
    untold[name] = .some(value)
    if value != nil { pythonMayHoldValues = true }
  }

  /// Removes all names; Python removes its own.
  mutating func clear() {
    values = [:]
    untold = [:]
    known = [:]
    pythonMayHoldValues = false
    forgetDecoded()
  }

  /// Python starts: everything becomes a change that it has to be told.
  mutating func pythonStarts() {
    guard !isPythons else { return }
    isPythons = true
    pythonMayHoldValues = !values.isEmpty
    untold = values.mapValues { .some($0) }
    values = [:]
  }

  /// No Python can be used: what it has not been told stays here.
  ///
  /// - Returns: whether this is news.
  @discardableResult
  mutating func pythonFailed() -> Bool {
    guard isPythons else { return false }
    isPythons = false
    values = untold.compactMapValues { $0 }
    untold = [:]
    known = [:]
    forgetDecoded()
    return true
  }

  /// Python is about to get a message: it has to be told these changes first.
  ///
  /// - Parameter runs: whether the message makes Python run code, which may change any value.
  mutating func takeChanges(pythonRuns runs: Bool) -> Changes {
    let names = untold.keys.sorted()
    let changes = Changes(
      removed: names.filter { untold[$0] == .some(nil) },
      set: names.compactMap { name in (untold[name] ?? nil).map { (name: name, value: $0) } })
    for name in changes.removed { known[name] = nil }
    for (name, value) in changes.set { known[name] = value }
    if runs {
      known = [:]
      forgetDecoded()
    }
    untold = [:]
    return changes
  }

  /// Python has said what the value of a name is.
  mutating func found(_ name: String, _ value: PickleValue) {
    // A change made meanwhile is newer.
    if isPythons, untold[name] == nil { known[name] = value }
  }

  // MARK: - Decoded values

  /// What a name's value was decoded to; `nil` if it was not since it has last changed.
  func decodedValue(of name: String) -> (any Sendable)? { decoded[name] }

  /// Keeps what a name's value was decoded to, unless something has changed since a ``revision``.
  mutating func keep(decoded value: any Sendable, of name: String, ifStill revision: Int) {
    if self.revision == revision { decoded[name] = value }
  }

  private mutating func forgetDecoded(_ name: String) {
    revision += 1
    decoded[name] = nil
  }

  private mutating func forgetDecoded() {
    revision += 1
    decoded = [:]
  }
}
