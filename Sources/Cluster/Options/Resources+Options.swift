import MartletWire

extension Resources {
  /// Reads `gpu=2,memory=8GB`; `nil` for anything else. Of a name that is there twice, the last amount counts.
  package init?(option text: String) {
    self.init()
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard sides.count == 2, set(sides[0], ResourceAmount(sides[1])) else { return nil }
    }
  }

  /// Reads a dictionary of names with numbers, or with texts such as `8GB`; `nil` for anything else.
  init?(literal: JSONValue) {
    guard let fields = literal.objectValue else { return nil }
    self.init()
    for (name, value) in fields {
      let amount = value.stringValue.map { ResourceAmount(Substring($0)) } ?? ResourceAmount(json: value)
      guard set(Substring(name), amount) else { return nil }
    }
  }

  private mutating func set(_ name: Substring, _ amount: ResourceAmount?) -> Bool {
    guard let amount, (1...Self.nameLimit).contains(name.utf8.count), amounts.count < Self.countLimit else {
      return false
    }
    self[String(name)] = amount
    return true
  }

  /// The options of an engine that offers this.
  var engineArguments: [String] {
    guard !isEmpty else { return [] }
    let amounts = amounts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    return ["--resource=\(amounts.joined(separator: ","))"]
  }
}
