import Foundation
import Logging
import MartletWire
import MartletZeroMQ

@testable import MartletController

/// Messages for a journal, as the task scheduler has them.
enum JournalFixture {
  static func task(_ id: String, client: String = "client", buffer: String = "data") throws -> HeldMessage {
    let session = try Session(id: client, key: "")
    var frames = Multipart()
    frames.append(Bytes("identity"))
    session.append(
      to: &frames, header: session.header(type: "apply_request", id: id), metadata: Array(#"{"label":"x"}"#.utf8),
      buffers: [Bytes(buffer)])
    return HeldMessage(taking: &frames, layout: try MessageLayout(of: frames), messageType: "apply_request")
  }

  static func reply(_ id: String, buffer: String = "result") throws -> HeldMessage {
    var session = try Session(id: "engine", key: "")
    var frames = Multipart()
    frames.append(Bytes("identity"))
    frames.append(Bytes("e0"))
    session.append(
      to: &frames, type: "apply_reply", id: "reply-\(id)", parent: JSONValue.object(["msg_id": .string(id)]).bytes,
      metadata: Array(#"{"status":"ok","engine":"e0"}"#.utf8), content: Array(#"{"status":"ok"}"#.utf8),
      buffers: [Bytes(buffer)])
    return HeldMessage(taking: &frames, layout: try MessageLayout(of: frames))
  }

  /// The entries that a closure makes.
  static func entries(_ make: (inout JournalBuffer) throws -> Void) rethrows -> [UInt8] {
    var buffer = JournalBuffer()
    try make(&buffer)
    return buffer.take()
  }

  static func accepted(_ numbers: UInt64..., buffer: String = "data") throws -> [UInt8] {
    try entries { for number in numbers { _ = $0.accepted(number, try task("t\(number)", buffer: buffer)) } }
  }

  static func finished(_ numbers: UInt64..., id: String? = nil, buffer: String = "result") throws -> [UInt8] {
    try entries {
      for number in numbers {
        _ = $0.finished(
          number, id: id ?? "t\(number)", isSuccess: true, task: try task("t\(number)"),
          reply: try reply("t\(number)", buffer: buffer))
      }
    }
  }

  /// A path in a folder of its own.
  static func path() throws -> String {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("journal-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder.appendingPathComponent("journal.db").path
  }

  static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
}
