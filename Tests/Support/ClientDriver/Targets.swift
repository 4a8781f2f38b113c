import Martlet

/// Where a command's request goes: its field `to`.
enum Targets {
  case any
  case one(Int)
  case several([Int])
  case broadcast([Int], isCoalescing: Bool)

  init(_ request: JSONValue) throws {
    func numbers(_ list: JSONValue?) -> [Int] { (list?.arrayValue ?? []).compactMap(\.intValue) }
    switch request["to"] {
    case .int(let id)?: self = .one(id)
    case .array(let ids)?: self = .several(ids.compactMap(\.intValue))
    case .string("any")?: self = .any
    case .object(let fields)?:
      self = .broadcast(numbers(fields["broadcast"]), isCoalescing: fields["coalescing"]?.boolValue ?? false)
    default: throw CommandError(description: "'to' is an id, a list of ids, \"any\" or a broadcast")
    }
  }

  /// The engines that are named.
  var engines: EngineTargets {
    get throws {
      switch self {
      case .one(let id): .ids([id])
      case .several(let ids): .ids(ids)
      case .any, .broadcast: throw CommandError(description: "this command needs engines")
      }
    }
  }

  /// A view of the engines that are named.
  func direct(_ client: Client) throws -> DirectView { client.direct(try engines) }

  /// The answer of the only engine, or the list of all answers.
  func reduced(_ answers: [JSONValue]) throws -> JSONValue {
    guard case .one = self else { return .array(answers) }
    guard let answer = answers.first else { throw CommandError(description: "no answer") }
    return answer
  }
}

extension PickleValue {
  /// A plain value as commands write it: JSON, with bytes as `{"$bytes": "hexadecimal"}`.
  init(plain value: JSONValue) {
    switch value {
    case .null: self = .none
    case .bool(let value): self = .bool(value)
    case .int(let value): self = .int(value)
    case .double(let value): self = .float(value)
    case .string(let value): self = .string(value)
    case .array(let items): self = .list(items.map(PickleValue.init(plain:)))
    case .object(let fields):
      if let digits = fields["$bytes"]?.stringValue {
        let values = digits.compactMap(\.hexDigitValue)
        self = .bytes(
          Bytes(stride(from: 0, to: values.count - 1, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }))
      } else {
        let pairs = fields.sorted { $0.key < $1.key }
        self = .dict(PickleDict(pairs.map { .init(key: .string($0.key), value: PickleValue(plain: $0.value)) }))
      }
    }
  }

  /// The value as answers write it. What JSON lacks becomes its description.
  var plain: JSONValue {
    switch self {
    case .none: .null
    case .bool(let value): .bool(value)
    case .int(let value): .int(value)
    case .float(let value): .double(value)
    case .string(let value): .string(value)
    case .bytes(let value), .bytearray(let value): ["$bytes": .string(Self.digits(value))]
    case .list(let items), .tuple(let items): .array(items.map(\.plain))
    case .dict(let dict):
      .object(
        Dictionary(
          dict.pairs.map { pair in
            if case .string(let key) = pair.key { (key, pair.value.plain) } else { ("\(pair.key)", pair.value.plain) }
          }, uniquingKeysWith: { $1 }))
    default: .string("\(self)")
    }
  }

  private static func digits(_ bytes: Bytes) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.array.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
