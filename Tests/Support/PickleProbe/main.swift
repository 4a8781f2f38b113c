import Foundation
import MartletWire
import MartletZeroMQ

/// Answers one command per line, for comparisons with Python: `decode HEX`, `roundtrip PROTOCOL HEX`, `apply HEX,HEX,…`,
/// `result HEX,HEX,…`, `numbers TYPE HEX`, `date SECONDS`.
func answer(_ words: [Substring]) throws -> String {
  switch (words.first, words.count) {
  case ("decode", 2): return json(try PickleDecoder().decode(bytes(words[1])))
  case ("roundtrip", 3):
    let version: PickleEncoder.Version = words[1] == "5" ? .five : .four
    return hex(PickleEncoder(version: version, usesFrame: true).encode(try PickleDecoder().decode(bytes(words[2]))))
  case ("apply", 2):
    let frames = words[1].split(separator: ",", omittingEmptySubsequences: false).map(bytes)
    let message = try ApplyCall.unpack(frames)
    let function = frames.prefix(frames.count - (try ResultBuffers.deserialize(frames).rest.count))
    return ApplyCall.pack(functionFrames: Array(function), args: message.args, kwargs: message.kwargs)
      .map(hex).joined(separator: ",")
  case ("result", 2):
    let frames = words[1].split(separator: ",", omittingEmptySubsequences: false).map(bytes)
    let (value, rest) = try ResultBuffers.deserialize(frames)
    return (ResultBuffers.serialize(value) + rest).map(hex).joined(separator: ",")
  case ("numbers", 3): return try numbers(String(words[1]), PickleDecoder().decode(bytes(words[2])))
  case ("date", 2):
    let date = Date(timeIntervalSinceReferenceDate: Double(words[1]) ?? .nan)
    return hex(PickleEncoder().encode(try PickleValue(encoding: date)))
  default: return "error unknown command"
  }
}

/// Reads a value as an array of Swift numbers, and writes that.
func numbers(_ type: String, _ value: PickleValue) throws -> String {
  func again<Element: Codable>(_ type: Element.Type) throws -> String {
    hex(PickleEncoder().encode(try PickleValue(encoding: try value.decode([Element].self))))
  }
  switch type {
  case "f8": return try again(Double.self)
  case "f4": return try again(Float.self)
  case "i8": return try again(Int.self)
  case "i4": return try again(Int32.self)
  case "i2": return try again(Int16.self)
  case "i1": return try again(Int8.self)
  case "u8": return try again(UInt64.self)
  case "u4": return try again(UInt32.self)
  case "u2": return try again(UInt16.self)
  case "b1": return try again(Bool.self)
  default: return "error unknown type"
  }
}

func bytes(_ hex: Substring) -> Bytes {
  let digits = hex.utf8.map { UInt8($0 < 0x3A ? $0 & 15 : ($0 & 7) + 9) }
  return Bytes(stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
}

func hex(_ bytes: Bytes) -> String {
  let digits = Array("0123456789abcdef".utf8)
  return String(decoding: bytes.array.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

while let line = readLine() {
  var reply: String
  do {
    reply = try answer(line.split(separator: " "))
  } catch {
    reply = "error \(error)"
  }
  // Unbuffered because the peer waits for each answer.
  FileHandle.standardOutput.write(Data((reply + "\n").utf8))
}
