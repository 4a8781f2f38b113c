import MartletZeroMQ

extension PickleMachine {
  mutating func pushGlobal(module: String, name: String) throws(PickleError) {
    let (module, name) = Self.currentName(module, name)
    try push(.global(module: module, name: name), payload: module.utf8.count + name.utf8.count)
  }

  /// The Python 3 name for one of Python 2, which protocols 0 to 2 still write (the common ones of `_compat_pickle`).
  private static func currentName(_ module: String, _ name: String) -> (module: String, name: String) {
    switch module {
    case "__builtin__":
      switch name {
      case "long": return ("builtins", "int")
      case "unicode": return ("builtins", "str")
      case "xrange": return ("builtins", "range")
      case "unichr": return ("builtins", "chr")
      case "reduce": return ("functools", "reduce")
      default: return ("builtins", name)
      }
    case "exceptions": return ("builtins", name)
    case "copy_reg": return ("copyreg", name)
    default: return (module, name)
    }
  }

  mutating func stackGlobal() throws(PickleError) {
    guard case .string(let name) = try pop().value, case .string(let module) = try pop().value else {
      throw error(.malformed, "a global's names are not str")
    }
    try pushGlobal(module: module, name: name)
  }

  private mutating func popTuple() throws(PickleError) -> (items: [PickleValue], entry: Entry) {
    var entry = try pop()
    guard case .tuple(let items) = entry.value else { throw error(.malformed, "arguments are not a tuple") }
    entry.value = .none
    entry.isShared = false
    return (items, entry)
  }

  private mutating func popClass() throws(PickleError) -> (module: String, name: String) {
    switch try pop().value {
    case .global(let module, let name): return (module, name)
    case let other: throw error(.unsupported, "a \(other.typeName) is called, which is not data")
    }
  }

  mutating func reduce() throws(PickleError) {
    var (args, entry) = try popTuple()
    let (module, name) = try popClass()
    if let value = try known(module: module, name: name, args: args) {
      entry.value = value
    } else {
      entry.value = .record(PickleRecord(module: module, name: name, args: args))
    }
    try pushObject(entry, module: module, name: name)
  }

  mutating func newObject(hasKeywords: Bool) throws(PickleError) {
    var keywords = Entry(value: .dict(PickleDict()), bytes: 0)
    if hasKeywords { keywords = try pop() }
    guard case .dict(let kwargs) = keywords.value else { throw error(.malformed, "keywords are not a dict") }
    var (args, entry) = try popTuple()
    let (module, name) = try popClass()
    entry.add(keywords)
    if kwargs.isEmpty, args.isEmpty, module == "collections", name == "OrderedDict" {
      entry.value = .dict(PickleDict())
    } else {
      entry.value = .record(
        PickleRecord(module: module, name: name, construction: .new, args: args, kwargs: kwargs))
    }
    try pushObject(entry, module: module, name: name)
  }

  mutating func instantiate(module: String, name: String, from height: Int) throws(PickleError) {
    try pushTuple(from: height)
    try pushGlobal(module: module, name: name)
    stack.swapAt(stack.count - 1, stack.count - 2)
    try reduce()
  }

  mutating func instantiateObject(from height: Int) throws(PickleError) {
    guard height < stack.count else { throw error(.malformed, "no class") }
    try pushTuple(from: height + 1)
    try reduce()
  }

  private mutating func pushObject(_ entry: Entry, module: String, name: String) throws(PickleError) {
    var entry = entry
    entry.bytes += 96 + module.utf8.count + name.utf8.count
    try push(entry)
  }

  mutating func build() throws(PickleError) {
    let state = try pop()
    let index = try top()
    try checkMutable(index)
    guard case .record(var record) = stack[index].value else {
      throw error(.unsupported, "a \(stack[index].value.typeName) has no state")
    }
    guard record.state == nil else { throw error(.unsupported, "an object is given state twice") }
    stack[index].value = .none
    stack[index].add(state)
    try check(nodes: stack[index].nodes, bytes: stack[index].bytes, depth: stack[index].depth)
    record.state = state.value
    stack[index].value = finished(record)
  }

  /// The value of an object with its state.
  private func finished(_ record: PickleRecord) -> PickleValue {
    // A Reference has two attributes. Without the limit, many objects with large dicts would be slow to search.
    if record.cannedClass == "Reference", let state = record.state?.dictValue, state.count <= 8,
      case .string(let name)? = state["name"]
    {
      return .reference(name)
    }
    if record.isArrayShell, let array = record.builtArray { return .array(array) }
    return .record(record)
  }
}
