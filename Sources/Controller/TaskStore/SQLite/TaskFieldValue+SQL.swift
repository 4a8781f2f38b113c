import Foundation
import GRDB
import MartletWire
import MartletZeroMQ

/// The storage format of fields: texts are TEXT (`SQLText`), dates INTEGER microseconds, and JSON a BLOB with the bytes
/// as received. Buffers are one BLOB: their number, then the length and the bytes of each. Numbers have eight bytes,
/// little-endian.
extension TaskFieldValue {
  /// The value to store in a column.
  ///
  /// - Throws: `TaskStoreError` with the code `storage` if it is longer than SQLite allows.
  func databaseValue() throws(TaskStoreError) -> DatabaseValue {
    switch self {
    case .null: .null
    case .text(let text): SQLText.encode(text).databaseValue
    case .date(let date): date.microseconds.databaseValue
    case .json(let bytes): try Self.blob(bytes.array)
    case .buffers(let buffers): try Self.blob(Self.pack(buffers))
    }
  }

  /// Reads a field from a column.
  ///
  /// - Throws: `TaskStoreError` with the code `storage` if the column does not hold a field of this kind.
  init(_ value: DatabaseValue, kind: TaskRecordKey.Kind) throws(TaskStoreError) {
    switch (kind, value.storage) {
    case (_, .null): self = .null
    case (.text, .string(let text)): self = .text(SQLText.decode(text))
    case (.date, .int64(let microseconds)): self = .date(Timestamp(microseconds: Int(microseconds)))
    case (.json, .blob(let data)): self = .json(Bytes(Array(data)))
    case (.buffers, .blob(let data)): self = .buffers(try Self.unpack(Bytes(Array(data))))
    default: throw Self.damaged
    }
  }

  /// The approximate size of the value in bytes.
  var byteCount: Int {
    switch self {
    case .null, .date: 8
    case .text(let text): text.utf8.count
    case .json(let bytes): bytes.count
    case .buffers(let buffers): buffers.reduce(8) { $0 + 8 + $1.count }
    }
  }

  static let damaged = TaskStoreError(.storage, "the database holds a damaged task record")

  private static func blob(_ bytes: [UInt8]) throws(TaskStoreError) -> DatabaseValue {
    // The default of SQLITE_MAX_LENGTH.
    guard bytes.count <= 1_000_000_000 else {
      throw TaskStoreError(.storage, "a field of \(bytes.count) bytes is more than SQLite can hold")
    }
    return Data(bytes).databaseValue
  }

  private static func pack(_ buffers: [Bytes]) -> [UInt8] {
    var packed: [UInt8] = []
    packed.reserveCapacity(buffers.reduce(8) { $0 + 8 + $1.count })
    append(buffers.count, to: &packed)
    for buffer in buffers {
      append(buffer.count, to: &packed)
      packed.append(contentsOf: buffer.array)
    }
    return packed
  }

  private static func unpack(_ packed: Bytes) throws(TaskStoreError) -> [Bytes] {
    var position = 0
    let count = try number(in: packed, at: &position)
    var buffers: [Bytes] = []
    while buffers.count < count {
      let length = try number(in: packed, at: &position)
      guard length <= packed.count - position else { throw damaged }
      buffers.append(packed[position..<(position + length)])
      position += length
    }
    guard position == packed.count else { throw damaged }
    return buffers
  }

  private static func append(_ number: Int, to packed: inout [UInt8]) {
    for shift in stride(from: 0, to: 64, by: 8) { packed.append(UInt8(truncatingIfNeeded: number >> shift)) }
  }

  private static func number(in packed: Bytes, at position: inout Int) throws(TaskStoreError) -> Int {
    guard packed.count - position >= 8 else { throw damaged }
    var bits: UInt64 = 0
    for index in 0..<8 { bits |= UInt64(packed[position + index]) << UInt64(8 * index) }
    position += 8
    guard let number = Int(exactly: bits) else { throw damaged }
    return number
  }
}

/// Encodes texts for SQLite, whose interface ends a text at the first NUL. A task's output may contain NULs.
///
/// U+0000 becomes U+0001 U+0001 and U+0001 becomes U+0001 U+0002, which preserves the order of texts and allows encoded
/// texts to be concatenated.
enum SQLText {
  static func encode(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 < 2 }) else { return text }
    var encoded = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\u{0}": encoded.append(contentsOf: ["\u{1}", "\u{1}"])
      case "\u{1}": encoded.append(contentsOf: ["\u{1}", "\u{2}"])
      default: encoded.append(scalar)
      }
    }
    return String(encoded)
  }

  static func decode(_ text: String) -> String {
    guard text.utf8.contains(1) else { return text }
    var decoded = String.UnicodeScalarView()
    var scalars = text.unicodeScalars.makeIterator()
    while let scalar = scalars.next() {
      if scalar == "\u{1}" {
        decoded.append(scalars.next() == "\u{2}" ? "\u{1}" : "\u{0}")
      } else {
        decoded.append(scalar)
      }
    }
    return String(decoded)
  }
}
