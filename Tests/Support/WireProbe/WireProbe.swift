import Foundation
import MartletWire
import MartletZeroMQ

/// Answers JSON requests, one per line, with one JSON line each, for comparisons with jupyter_client's `Session`.
///
/// `sign` returns the signature of `frames`; `deserialize` verifies `frames` and returns their content; `serialize`
/// returns the frames of a message. Frames are hexadecimal. Every request has `key` and `scheme`.
@main struct WireProbe {
  /// Identifies a session. Sessions live as long as the process, so they detect replays.
  private struct SessionKey: Hashable {
    let key: String
    let scheme: String
    let id: String
  }

  private final class SessionBox {
    var session: Session
    init(_ session: consuming Session) { self.session = session }
  }

  private var sessions: [SessionKey: SessionBox] = [:]

  static func main() {
    var probe = WireProbe()
    while let line = readLine() {
      var answer: JSONValue
      do {
        answer = try probe.answer(try JSONValue.parse(Bytes(line)))
      } catch {
        answer = ["ok": false, "error": .string("\(error)")]
      }
      // Unbuffered because the peer waits for each answer.
      FileHandle.standardOutput.write(Data(answer.bytes.array + [0x0A]))
    }
  }

  private mutating func answer(_ request: JSONValue) throws -> JSONValue {
    switch request["op"]?.stringValue {
    case "sign": try sign(request)
    case "deserialize": try deserialize(request)
    case "serialize": try serialize(request)
    default: throw ProbeError(description: "unknown operation")
    }
  }

  private func sign(_ request: JSONValue) throws -> JSONValue {
    let key = request["key"]?.stringValue ?? ""
    guard !key.isEmpty else { return ["signature": ""] }
    let signer = try MessageSigner(key: key, scheme: request["scheme"]?.stringValue ?? "")
    // The signature covers the concatenated frames, regardless of their boundaries.
    var message = Multipart()
    message.append(try frames(request, "frames").flatMap(\.array))
    return ["signature": .string(Bytes(signer.signature(of: message, from: 0)).string)]
  }

  private mutating func deserialize(_ request: JSONValue) throws -> JSONValue {
    var message = Multipart()
    for frame in try frames(request, "frames") { message.append(frame) }
    let layout = try session(request, id: "reader").session.verify(message)
    let scanned = try message.header(layout, includingOrigin: true)
    let header = try JSONValue.parse(message.shared(layout.header))
    for field in ["msg_id", "msg_type", "session"] where header[field]?.stringValue == nil {
      throw ProbeError(description: "the header lacks \(field)")
    }
    var (identities, buffers): ([JSONValue], [JSONValue]) = ([], [])
    for index in 0..<layout.delimiter { identities.append(hex(message.shared(index))) }
    for index in layout.firstBuffer..<message.count { buffers.append(hex(message.shared(index))) }
    return [
      "ok": true, "identities": .array(identities), "buffers": .array(buffers), "header": header,
      "parent_header": try JSONValue.parse(message.shared(layout.parentHeader)),
      "metadata": try JSONValue.parse(message.shared(layout.metadata)),
      "content": try JSONValue.parse(message.shared(layout.content)),
      "scan": [
        "msg_id": .string(scanned.messageID), "msg_type": .string(scanned.messageType),
        "session": .string(scanned.session),
      ],
    ]
  }

  private mutating func serialize(_ request: JSONValue) throws -> JSONValue {
    func json(_ field: String) -> Bytes { (request[field] ?? [:]).bytes }
    var message = Multipart()
    for identity in try frames(request, "identities") { message.append(identity) }
    try session(request, id: request["session"]?.stringValue ?? "").session.append(
      to: &message, type: request["msg_type"]?.stringValue ?? "", parent: json("parent_header"),
      metadata: json("metadata").array, content: json("content").array, buffers: try frames(request, "buffers"))
    var written: [JSONValue] = []
    for index in 0..<message.count { written.append(hex(message.shared(index))) }
    return ["frames": .array(written)]
  }

  private mutating func session(_ request: JSONValue, id: String) throws -> SessionBox {
    let (key, scheme) = (request["key"]?.stringValue ?? "", request["scheme"]?.stringValue ?? "")
    let name = SessionKey(key: key, scheme: scheme, id: id)
    if let known = sessions[name] { return known }
    let made = SessionBox(try Session(id: id, key: key, scheme: scheme))
    sessions[name] = made
    return made
  }

  private func frames(_ request: JSONValue, _ field: String) throws -> [Bytes] {
    try (request[field]?.arrayValue ?? []).map { frame in
      let digits = try (frame.stringValue ?? "").utf8.map { digit in
        guard let value = Character(Unicode.Scalar(digit)).hexDigitValue else {
          throw ProbeError(description: "\(field) are hexadecimal")
        }
        return UInt8(value)
      }
      return Bytes(stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
    }
  }

  private func hex(_ bytes: Bytes) -> JSONValue {
    let digits = Array("0123456789abcdef".utf8)
    return .string(
      String(decoding: bytes.array.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self))
  }
}

/// The error for a request that can't be answered.
private struct ProbeError: Error, CustomStringConvertible {
  let description: String
}
