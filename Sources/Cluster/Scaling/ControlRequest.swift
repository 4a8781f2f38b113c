import MartletWire

/// What another process asks of the one that holds a cluster.
package enum ControlRequest: Sendable, Hashable {
  /// How a number of engines is given.
  package enum Size: Sendable, Hashable {
    /// So many.
    case to(Int)
    /// So many more, or fewer if negative.
    case by(Int)

    /// Reads `32`, `+4` or `-4`.
    ///
    /// - Throws: ``OptionError`` for anything else.
    package init(_ text: String) throws(OptionError) {
      guard let number = Int(text), (-Self.limit...Self.limit).contains(number) else {
        throw OptionError("how many engines? A number such as 32, or +4 or -4 for a change, not '\(text)'")
      }
      self = text.hasPrefix("+") || text.hasPrefix("-") ? .by(number) : .to(number)
    }

    /// The number that a group of some size gets.
    func applied(to size: Int) -> Int {
      switch self {
      case .to(let number): max(number, 0)
      case .by(let change): max(size + change, 0)
      }
    }

    private static let limit = 1_000_000
  }

  /// The groups, as they are.
  case status
  /// A group is to have another number of engines; `nil` stands for the only group.
  case scale(Size, group: String?)
  /// A group is to grow and shrink by itself.
  case autoscale(EngineScaling, group: String?)

  /// The request as it is sent.
  var json: JSONValue {
    switch self {
    case .status: ["request": "status"]
    case .scale(let size, let group):
      [
        "request": "scale", "group": group.map { .string($0) } ?? .null,
        "to": size.target.map { .int($0) } ?? .null, "by": size.change.map { .int($0) } ?? .null,
      ]
    case .autoscale(let scaling, let group):
      [
        "request": "autoscale", "group": group.map { .string($0) } ?? .null, "scaling": scaling.json,
      ]
    }
  }

  /// Reads a request.
  ///
  /// - Throws: ``OptionError`` with what is wrong.
  init(json: JSONValue) throws(OptionError) {
    switch json["request"]?.stringValue {
    case "status": self = .status
    case "scale":
      guard
        let text = json["to"]?.intValue.map({ "\($0)" }) ?? json["by"]?.intValue.map({ $0 < 0 ? "\($0)" : "+\($0)" })
      else { throw OptionError("a request to scale needs 'to' or 'by', a number") }
      self = .scale(try Size(text), group: json["group"]?.stringValue)
    case "autoscale":
      self = .autoscale(try EngineScaling(json: json["scaling"] ?? .null), group: json["group"]?.stringValue)
    default: throw OptionError("the cluster does not know what is asked of it; was another version of Martlet started?")
    }
  }
}

extension ControlRequest.Size {
  fileprivate var target: Int? { if case .to(let number) = self { number } else { nil } }
  fileprivate var change: Int? { if case .by(let number) = self { number } else { nil } }
}
