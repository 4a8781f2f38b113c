import Foundation

/// The options of the class `Session`.
enum SessionOptions {
  /// The signing key: a text, the content of a file, or `nil` for the default, which `--secure` asks for explicitly.
  static func key(_ reader: inout OptionReader) throws(OptionError) -> String? {
    var isFresh = false
    var file: String?
    var key: String?
    try reader.read(&isFresh, "secure", of: ["Session"], as: .bool)
    try reader.readNonEmpty(&file, "keyfile", of: ["Session"])
    try reader.read(&key, "key", of: ["Session"], as: .text)
    if let key { return key }
    guard !isFresh, let file else { return nil }
    guard let data = FileManager.default.contents(atPath: file) else {
      throw OptionError("Session.keyfile: \(file) can't be read")
    }
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
