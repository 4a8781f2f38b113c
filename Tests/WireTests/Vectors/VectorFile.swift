import Foundation
import MartletWire
import MartletZeroMQ

/// One of the conformance kit's files of examples, `Tests/Kit/parallel_conformance/vectors`.
enum VectorFile: String {
  case messages, pickles, calls, results, connections, exchanges

  /// The vectors of the file.
  func vectors() throws -> [Vector] {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let file = tests.appendingPathComponent("Kit/parallel_conformance/vectors/\(rawValue).json")
    // The vectors contain JSON that is nested as deeply as is allowed, and are themselves nested.
    let content = try JSONValue.parse(Bytes(Array(Data(contentsOf: file))), depthLimit: 200)
    return (content["vectors"]?.arrayValue ?? []).map { Vector(fields: $0) }
  }
}

/// An example, with what a reader must get or why it must refuse.
struct Vector {
  let fields: JSONValue

  var name: String { fields["name"]?.stringValue ?? "" }
  var key: String { fields["key"]?.stringValue ?? "" }
  var scheme: String { fields["scheme"]?.stringValue ?? "" }
  /// What a reader must get; `nil` if it must refuse.
  var expected: JSONValue? { fields["expect"] }
  var frames: [Bytes] { fields["frames"].map(Self.frames) ?? [] }
  /// The steps of an exchange, or the deliveries of a message.
  var steps: [Vector] {
    ((fields["deliveries"] ?? fields["steps"])?.arrayValue ?? []).map { Vector(fields: $0) }
  }

  static func frames(_ list: JSONValue) -> [Bytes] {
    (list.arrayValue ?? []).map { hexBytes($0.stringValue ?? "") }
  }
}

/// A vector that says something this program does not understand.
struct VectorError: Error, CustomStringConvertible {
  let description: String
}
