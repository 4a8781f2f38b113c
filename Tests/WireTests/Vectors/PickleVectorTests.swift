import MartletWire
import MartletZeroMQ
import Testing

/// The pickles, calls and results of the conformance kit, read by our codec.
@Suite struct PickleVectorTests {
  /// Pickles that Python refuses because of what it makes of them, which for us is data: a list as a key.
  static let readable: Set<String> = ["dict-of-list", "set-of-list"]

  @Test func everyPickleIsReadOrRefused() throws {
    for vector in try VectorFile.pickles.vectors() {
      let pickle = hexBytes(vector.fields["pickle"]?.stringValue ?? "")
      if let expected = vector.expected {
        #expect(try PickleDecoder().decode(pickle) == PickleValue(notation: expected), "\(vector.name)")
      } else if !Self.readable.contains(vector.name) {
        #expect(throws: PickleError.self, "\(vector.name)") { try PickleDecoder().decode(pickle) }
      }
    }
  }

  /// What we write of a value is read back, whoever wrote it first.
  @Test func everyValueIsWrittenAgain() throws {
    for vector in try VectorFile.pickles.vectors() {
      guard let expected = vector.expected else { continue }
      let value = try PickleValue(notation: expected)
      #expect(try PickleDecoder().decode(PickleEncoder().encode(value)) == value, "\(vector.name)")
    }
  }

  @Test func everyCallIsReadOrRefused() throws {
    for vector in try VectorFile.calls.vectors() {
      guard let expected = vector.expected else {
        #expect(throws: PickleError.self, "\(vector.name)") { try ApplyCall.unpack(vector.frames) }
        continue
      }
      let call = try ApplyCall.unpack(vector.frames)
      #expect(call.function == (try target(expected["function"] ?? .null)), "\(vector.name)")
      #expect(
        call.args == (try (expected["args"]?.arrayValue ?? []).map(PickleValue.init(notation:))), "\(vector.name)")
      let keywords = expected["kwargs"]?.arrayValue ?? []
      #expect(call.kwargs.map(\.0) == keywords.compactMap { $0[0]?.stringValue }, "\(vector.name)")
      #expect(
        call.kwargs.map(\.1) == (try keywords.compactMap { try $0[1].map(PickleValue.init(notation:)) }),
        "\(vector.name)")
    }
  }

  private func target(_ notation: JSONValue) throws -> CallTarget {
    switch try PickleValue(notation: notation) {
    case .reference(let name): .reference(name)
    case .global(let module, let name): .canned(module: module, name: name)
    default: throw VectorError(description: "no function: \(notation)")
    }
  }

  @Test func everyResultIsReadOrRefused() throws {
    for vector in try VectorFile.results.vectors() {
      guard let expected = vector.expected?.arrayValue else {
        #expect(throws: PickleError.self, "\(vector.name)") { try ResultBuffers.deserialize(vector.frames) }
        continue
      }
      var rest = vector.frames
      for notation in expected {
        let value: PickleValue
        (value, rest) = try ResultBuffers.deserialize(rest)
        #expect(value == (try PickleValue(notation: notation)), "\(vector.name)")
      }
      #expect(rest.isEmpty, "\(vector.name)")
    }
  }
}
