import ArgumentParser
import MartletWire
import MartletZeroMQ

/// The option of commands that can print JSON.
struct JSONOutput: ParsableArguments {
  @Flag(help: "Print JSON, for other programs.")
  var json = false

  /// Prints a value on one line.
  static func print(_ value: JSONValue) { Swift.print(String(decoding: value.bytes.array, as: UTF8.self)) }
}
