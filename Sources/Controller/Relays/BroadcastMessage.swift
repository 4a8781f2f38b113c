import MartletWire
import MartletZeroMQ

/// A broadcast, or a reply to one.
final class BroadcastMessage: Sendable {
  let frames: SharedFrames
  let layout: MessageLayout
  let header: MessageHeader
  /// The targets of a broadcast; empty in a reply.
  let targets: [BroadcastTarget]
  /// Whether the replies to a broadcast are merged.
  let isCoalescing: Bool
  /// The beginnings of header and metadata that all copies of a broadcast share, so they are written once instead of for
  /// each target. Empty in a reply.
  private let commonHeader: [UInt8]
  private let commonMetadata: [UInt8]

  /// Takes a broadcast.
  ///
  /// - Throws: ``WireError/Code/malformedJSON`` for a malformed header, metadata or list of targets.
  init(request message: inout Multipart, layout: MessageLayout) throws(WireError) {
    header = try message.header(layout, includingOrigin: true)
    let metadata = try Self.object(message.bytes(at: layout.metadata))
    targets = try (metadata["targets"]?.arrayValue ?? []).map { (target) throws(WireError) in
      guard let uuid = target[0]?.stringValue, let id = target[1]?.intValue else {
        throw WireError(.malformedJSON, "metadata targets is not a list of [uuid, id]")
      }
      return BroadcastTarget(engine: EngineIdentity(uuid), id: id)
    }
    isCoalescing = metadata["is_coalescing"]?.boolValue ?? false
    commonHeader = Self.beginning(of: try Self.object(message.bytes(at: layout.header)), without: ["msg_id"])
    commonMetadata = Self.beginning(of: metadata, without: ["targets", "original_msg_id"])
    frames = SharedFrames(taking: &message)
    self.layout = layout
  }

  /// Takes a reply.
  ///
  /// - Throws: ``WireError/Code/malformedJSON`` for a header that is not an object.
  init(reply message: inout Multipart, layout: MessageLayout) throws(WireError) {
    header = try message.header(layout)
    targets = []
    isCoalescing = false
    commonHeader = []
    commonMetadata = []
    frames = SharedFrames(taking: &message)
    self.layout = layout
  }

  /// The indices of all buffers.
  var bufferIndices: Range<Int> { layout.firstBuffer..<max(frames.count, layout.firstBuffer) }

  /// The fields of the metadata; empty if it is not an object.
  var metadata: [String: JSONValue] { (try? JSONValue.parse(frames[layout.metadata]))?.objectValue ?? [:] }

  /// The header of one copy of a broadcast.
  func header(id: String) -> [UInt8] {
    var text = commonHeader
    text.append(contentsOf: #""msg_id":"#.utf8)
    JSONString.append(id, to: &text)
    text.append(0x7D)
    return text
  }

  /// The metadata of one copy of a broadcast. It names only its own target: with all targets in each copy, the work would
  /// grow with the square of their number.
  func metadata(originalID: String, target: BroadcastTarget) -> [UInt8] {
    var text = commonMetadata
    text.append(contentsOf: #""targets":"#.utf8)
    Self.json([target]).write(into: &text)
    text.append(contentsOf: #","original_msg_id":"#.utf8)
    JSONString.append(originalID, to: &text)
    text.append(0x7D)
    return text
  }

  /// Targets in the form used in metadata.
  static func json(_ targets: [BroadcastTarget]) -> JSONValue {
    .array(targets.map { [.string($0.engine.rawValue), .int($0.id)] })
  }

  private static func beginning(of fields: [String: JSONValue], without keys: Set<String>) -> [UInt8] {
    let common = fields.filter { !keys.contains($0.key) }
    var text: [UInt8] = []
    JSONValue.object(common).write(into: &text)
    text.removeLast()
    if !common.isEmpty { text.append(0x2C) }
    return text
  }

  private static func object(_ text: Span<UInt8>) throws(WireError) -> [String: JSONValue] {
    do {
      guard let fields = try JSONValue.parse(text).objectValue else {
        throw WireError(.malformedJSON, "header or metadata is not an object")
      }
      return fields
    } catch let error as WireError {
      throw error
    } catch {
      throw WireError(.malformedJSON, "\(error)")
    }
  }
}
