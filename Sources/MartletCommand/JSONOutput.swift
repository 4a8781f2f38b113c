import ArgumentParser
import MartletWire
import MartletZeroMQ

/// The option of commands that can print JSON.
struct JSONOutput: ParsableArguments {
  @Flag(help: "Print JSON, for other programs.")
  var json = false

  /// A row of a table, by the names of its columns.
  static func object(_ columns: [String], _ row: [String?]) -> JSONValue {
    let keys = columns.map { $0.lowercased().replacing(" ", with: "_") }
    return .object(Dictionary(uniqueKeysWithValues: zip(keys, row.map { $0.map { .string($0) } ?? .null })))
  }

  /// Prints a value on one line.
  static func print(_ value: JSONValue) { Swift.print(String(decoding: value.bytes.array, as: UTF8.self)) }
}
