import Foundation
import MartletWire
import MartletZeroMQ

/// Something that code displayed, or the value of its last expression: the same content in one or more formats.
public struct DisplayData: Sendable, Hashable, CustomStringConvertible {
  /// The content by MIME type, such as `text/plain`: a text, a JSON value for JSON types, and a text in base64 for binary
  /// types such as `image/png`.
  public let data: [String: JSONValue]
  /// What the engine says about the content, for example sizes of images by MIME type.
  public let metadata: [String: JSONValue]
  /// The name under which the engine can replace what it has displayed, if it gave one.
  public let displayID: String?

  /// Something displayed, from its parts.
  public init(data: [String: JSONValue], metadata: [String: JSONValue] = [:], displayID: String? = nil) {
    self.data = data
    self.metadata = metadata
    self.displayID = displayID
  }

  /// The content of a `display_data`, `update_display_data` or `execute_result` message.
  init(_ content: JSONValue) {
    self.init(
      data: content["data"]?.objectValue ?? [:], metadata: content["metadata"]?.objectValue ?? [:],
      displayID: content["transient"]?["display_id"]?.stringValue)
  }

  /// The content as plain text, which nearly everything has.
  public var text: String? { text("text/plain") }
  /// The content as HTML.
  public var html: String? { text("text/html") }
  /// The content as an image in PNG format.
  public var png: Bytes? { bytes("image/png") }

  /// The content as text of some MIME type, such as `text/latex` or `image/svg+xml`; `nil` if there is none.
  public func text(_ mimeType: String) -> String? { data[mimeType]?.stringValue }

  /// The content as bytes of some binary MIME type, such as `image/jpeg`; `nil` if there is none.
  public func bytes(_ mimeType: String) -> Bytes? {
    // Python's encoder may break the text into lines.
    text(mimeType).flatMap { Data(base64Encoded: $0, options: .ignoreUnknownCharacters) }.map { Bytes($0) }
  }

  /// The plain text, or the MIME types if there is none.
  public var description: String { text ?? "<\(data.keys.sorted().joined(separator: ", "))>" }
}
