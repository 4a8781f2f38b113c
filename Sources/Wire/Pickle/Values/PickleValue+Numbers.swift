import MartletZeroMQ

extension PickleValue {
  /// From this many on, numbers travel packed.
  private static let packingThreshold = 64

  /// A list of numbers: packed if there are many.
  static func numbers<Element: NDArrayElement>(
    _ numbers: [Element], _ item: (Element) -> PickleValue
  ) -> PickleValue {
    guard numbers.count >= packingThreshold, let format = PackedFormat(rawValue: Element.numpyType),
      let array = try? NDArray(numbers)
    else { return .list(numbers.map(item)) }
    return .packedList(array, format)
  }

  /// What Python evaluates to a list of the numbers: `list(array.array(…))`, or `list(map(bool, bytes))`.
  private static func packedList(_ array: NDArray, _ format: PackedFormat) -> PickleValue {
    let items: PickleRecord
    if format == .bool {
      items = PickleRecord(
        module: "builtins", name: "map", args: [.global(module: "builtins", name: "bool"), .bytes(array.data)])
    } else {
      items = PickleRecord(
        module: "array", name: "_array_reconstructor",
        args: [
          .global(module: "array", name: "array"), .string(format.typecode), .int(format.machineFormat),
          .bytes(array.data),
        ])
    }
    return .record(PickleRecord(module: "builtins", name: "list", args: [.record(items)]))
  }

  /// The numbers of a one-dimensional array, of a packed list or of an `array.array`; `nil` for any other value.
  var packedNumbers: NDArray? {
    switch self {
    case .array(let array): array.shape.count == 1 ? array : nil
    case .record(let record): packedList ?? record.packedArray
    default: nil
    }
  }

  /// The numbers of a list that is packed; `nil` for any other value.
  package var packedList: NDArray? {
    guard case .record(let record) = self, record.module == "builtins", record.name == "list", record.args.count == 1,
      case .record(let items) = record.args[0]
    else { return nil }
    return items.packedArray ?? items.packedBools
  }

  /// The same value with packed lists as lists, for those who take any value.
  var unpacked: PickleValue {
    guard containsPacked else { return self }
    switch self {
    case .record: return (try? packedList?.values()).map { .list($0) } ?? self
    case .list(let items): return .list(items.map(\.unpacked))
    case .tuple(let items): return .tuple(items.map(\.unpacked))
    case .dict(var dict):
      for index in dict.pairs.indices { dict.pairs[index].value = dict.pairs[index].value.unpacked }
      return .dict(dict)
    default: return self
    }
  }

  private var containsPacked: Bool {
    switch self {
    case .record: packedList != nil
    case .list(let items), .tuple(let items): items.contains(where: \.containsPacked)
    case .dict(let dict): dict.pairs.contains(where: \.value.containsPacked)
    default: false
    }
  }
}

extension PickleRecord {
  /// The numbers of an `array.array` as Python pickles it.
  fileprivate var packedArray: NDArray? {
    guard module == "array", name == "_array_reconstructor", args.count == 4,
      args[0] == .global(module: "array", name: "array"), case .int(let number) = args[2],
      let format = PackedFormat.numbered(number), case .bytes(let data) = args[3]
    else { return nil }
    let isBigEndian = number > 1 && !number.isMultiple(of: 2)
    return try? NDArray(
      dtype: (isBigEndian ? ">" : "<") + format.rawValue, shape: [data.count / format.size], data: data)
  }

  /// The elements of `map(bool, bytes)`.
  fileprivate var packedBools: NDArray? {
    guard module == "builtins", name == "map", args.count == 2, args[0] == .global(module: "builtins", name: "bool"),
      case .bytes(let data) = args[1]
    else { return nil }
    return try? NDArray(dtype: "|b1", shape: [data.count], data: data)
  }
}

/// The element types of packed lists: the raw value is numpy's name.
private enum PackedFormat: String {
  case bool = "b1"
  case uint8 = "u1"
  case int8 = "i1"
  case uint16 = "u2"
  case int16 = "i2"
  case uint32 = "u4"
  case int32 = "i4"
  case uint64 = "u8"
  case int64 = "i8"
  case float = "f4"
  case double = "f8"

  /// The format with a number of CPython's. From 2 on, odd numbers are big-endian forms of those before them.
  static func numbered(_ number: Int) -> PackedFormat? {
    formats.first { $0.machineFormat == (number > 1 ? number & ~1 : number) }
  }

  private static let formats: [PackedFormat] = [
    .uint8, .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64, .float, .double,
  ]

  /// The size of an element in bytes.
  var size: Int {
    switch self {
    case .bool, .uint8, .int8: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float: 4
    case .uint64, .int64, .double: 8
    }
  }

  /// The letter of Python's `array.array`.
  var typecode: String {
    switch self {
    case .bool, .uint8: "B"
    case .int8: "b"
    case .uint16: "H"
    case .int16: "h"
    case .uint32: "I"
    case .int32: "i"
    case .uint64: "Q"
    case .int64: "q"
    case .float: "f"
    case .double: "d"
    }
  }

  /// CPython's number of the format, `enum machine_format_code` in Modules/arraymodule.c.
  var machineFormat: Int {
    switch self {
    case .bool, .uint8: 0
    case .int8: 1
    case .uint16: 2
    case .int16: 4
    case .uint32: 6
    case .int32: 8
    case .uint64: 10
    case .int64: 12
    case .float: 14
    case .double: 16
    }
  }
}
