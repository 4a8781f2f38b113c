extension PickleRecord {
  /// The module of ipyparallel's canning classes.
  package static let canningModule = "ipyparallel.serialize.canning"

  /// The name of the object's canning class (`CannedArray`, `CannedFunction` …); `nil` for other records.
  package var cannedClass: String? { module == Self.canningModule ? name : nil }

  /// The buffers of a canned object: `bytes`, or None for one whose content travels in a separate frame. `nil` for other
  /// records.
  package var cannedBuffers: [PickleValue]? {
    guard cannedClass != nil, case .list(let buffers)? = self["buffers"] else { return nil }
    return buffers
  }

  /// The module and name of a `CannedFunction`; `nil` for other records.
  package var cannedFunction: (module: String, name: String)? {
    guard cannedClass == "CannedFunction", case .string(let module)? = self["module"],
      case .string(let name)? = self["__name__"]
    else { return nil }
    return (module, name)
  }

  /// An object of a canning class with its attributes.
  static func canned(_ name: String, _ attributes: [(String, PickleValue)]) -> PickleRecord {
    let pairs = attributes.map { PickleDict.Pair(key: .string($0.0), value: $0.1) }
    return PickleRecord(
      module: canningModule, name: name, construction: .new, state: .dict(PickleDict(pairs)))
  }

  /// The same canned object with other buffers.
  func with(buffers: [PickleValue]) -> PickleRecord {
    guard case .dict(var dict)? = state else { return self }
    var copy = self
    dict.replace("buffers", with: .list(buffers))
    copy.state = .dict(dict)
    return copy
  }
}
