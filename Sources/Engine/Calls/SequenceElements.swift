import MartletWire
import MartletZeroMQ

/// The elements that Python's `map` would iterate over.
enum SequenceElements {
  /// The largest `range` that is expanded.
  static let rangeLimit = 10_000_000

  /// The elements of a list, tuple, set, array, str, dict (its keys) or range.
  ///
  /// - Throws: ``RaisedError`` for a value that is not a sequence.
  static func of(_ value: PickleValue) throws(RaisedError) -> [PickleValue] {
    if let elements = value.elements { return elements }
    switch value {
    case .string(let text): return text.unicodeScalars.map { .string(String($0)) }
    case .dict(let dict): return dict.pairs.map(\.key)
    case .bytes(let bytes), .bytearray(let bytes): return bytes.array.map { .int(Int($0)) }
    case .array(let array) where array.shape.count == 1:
      do {
        return try array.values()
      } catch {
        throw RaisedError(error)
      }
    case .record(let record) where record.module == "builtins" && record.name == "range":
      return try range(record.args)
    default: throw RaisedError("TypeError", "'\(value.typeName)' object can't be mapped over on a Swift engine")
    }
  }

  private static func range(_ arguments: [PickleValue]) throws(RaisedError) -> [PickleValue] {
    let numbers = arguments.compactMap(\.intValue)
    guard numbers.count == 3, arguments.count == 3, numbers[2] != 0 else {
      throw RaisedError("TypeError", "a malformed range")
    }
    // Counting first prevents a hostile range from filling the memory.
    let (distance, overflow) = numbers[1].subtractingReportingOverflow(numbers[0])
    guard !overflow, distance.magnitude / numbers[2].magnitude <= UInt(rangeLimit) else {
      throw RaisedError("OverflowError", "a range of more than \(rangeLimit) numbers")
    }
    return stride(from: numbers[0], to: numbers[1], by: numbers[2]).map { .int($0) }
  }
}
