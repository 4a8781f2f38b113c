import MartletWire
import MartletZeroMQ

@testable import MartletCluster
@testable import MartletController
@testable import MartletEngine

/// Readers of one piece of text or bytes.
enum Readers {
  static func header(_ input: [UInt8]) {
    let span = input.span
    for includesOrigin in [false, true] { _ = try? MessageHeader(scanning: span, includingOrigin: includesOrigin) }
    _ = try? MessageHeader.messageID(scanning: span)
    var lists = TargetLists()
    let metadata = try? TaskMetadata(scanning: span, &lists)
    let again = try? TaskMetadata(scanning: span, &lists)
    precondition(metadata?.targets == again?.targets, "metadata that were read again have other targets")
    _ = try? ReplyMetadata(scanning: span, from: "engine")
    _ = try? RequestMetadata(Bytes(input))
    var fields = 0
    let isObject = (try? JSONFields.scan(span) { _, _ in fields += 1 }) != nil
    precondition(metadata == nil || isObject, "metadata that are not an object were accepted")
  }

  static func json(_ input: [UInt8]) {
    guard let value = try? JSONValue.parse(input.span) else { return }
    let text = value.bytes
    guard let again = try? JSONValue.parse(text) else { preconditionFailure("what was written can't be read") }
    precondition(again.bytes == text, "what was written and read is written differently")
    // What the strict reader takes, the scanner of the hot path takes, too.
    if case .object(let fields) = value {
      var keys: Set<String> = []
      let isObject = (try? JSONFields.scan(input.span) { key, _ in keys.insert(key.string) }) != nil
      precondition(isObject, "the scanner refuses it")
      precondition(keys == Set(fields.keys), "the scanner finds other keys")
    }
  }

  /// Small limits: a pickle of a few bytes may describe a large value.
  private static let limits = PickleLimits(depth: 100, values: 20_000, bytes: 1 << 22)

  static func pickle(_ input: [UInt8]) {
    guard let value = try? PickleDecoder(limits: limits).decode(Bytes(input)) else { return }
    _ = value.hashValue
    _ = PickleEncoder().encode(value)
  }

  static func apply(_ input: [UInt8]) {
    let frames = split(input)
    _ = try? ApplyCall.unpack(frames)
    _ = try? ResultBuffers.deserialize(frames)
  }

  static func connectionFile(_ input: [UInt8]) {
    guard let json = try? JSONValue.parse(input.span), let info = try? ConnectionInfo(json: json) else { return }
    precondition((try? ConnectionInfo(json: info.json)) == info, "what was written and read differs")
  }

  static func configuration(_ input: [UInt8]) {
    let text = String(decoding: input, as: UTF8.self)
    var reader = PythonConfigReader(text: text, path: "configuration.py")
    reader.read()
    _ = try? PythonLiteralParser.parse(text)
  }

  static func commandLine(_ input: [UInt8]) {
    let arguments = String(decoding: input, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
      .map(String.init)
    _ = try? CommandLineSyntax.controller.parse(arguments)
    _ = try? CommandLineSyntax.cluster.parse(arguments)
    _ = try? CommandLineSyntax.engine.parse(arguments)
  }

  static func statements(_ input: [UInt8]) {
    _ = try? StatementParser.parse(String(decoding: input, as: UTF8.self))
  }

  /// Splits an input into frames: each begins with its length in one byte, 255 for the rest.
  static func split(_ input: [UInt8]) -> [Bytes] {
    var frames: [Bytes] = []
    var rest = input[...]
    while let length = rest.popFirst() {
      let count = length == 255 ? rest.count : min(Int(length), rest.count)
      frames.append(Bytes(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    return frames
  }
}
