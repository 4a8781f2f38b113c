import Foundation
import GRDB
import MartletWire
import MartletZeroMQ

/// How fields are kept in columns: texts as TEXT (`SQLText`), dates as INTEGER microseconds, JSON as BLOB just as it was
/// received, buffers as one BLOB: their number, then the length and the bytes of each, numbers in eight bytes, the
/// lowest first.
extension TaskFieldValue {
  /// The value for a column.
  ///
  /// - Throws: `TaskStoreError` with the code `storage` if it is longer than SQLite can hold.
  func databaseValue() throws(TaskStoreError) -> DatabaseValue {
    switch self {
    case .null: .null
    case .text(let text): SQLText.encode(text).databaseValue
    case .date(let date): date.microseconds.databaseValue
    case .json(let bytes): try Self.blob(bytes.array)
    case .buffers(let buffers): try Self.blob(Self.pack(buffers))
    }
  }

  /// The field that a column holds.
  ///
  /// - Throws: `TaskStoreError` with the code `storage` if the column holds no such thing.
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

  /// About how many bytes the value takes up.
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
    // SQLITE_MAX_LENGTH unless SQLite was built otherwise.
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

/// Texts as SQLite's interface can pass them: it ends a text at the first NUL, which a task's output may well contain.
///
/// U+0000 becomes U+0001 U+0001 and U+0001 becomes U+0001 U+0002, which keeps the order of texts and lets encoded texts
/// be joined.
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
