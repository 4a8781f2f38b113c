import MartletZeroMQ

/// The two pickles in every apply message. They have a fixed shape, so they are written and recognised byte by byte, exactly
/// as Python writes them. A pickle that does not match goes through the codec.
enum ApplyTemplates {
  private static let referenceHead: [UInt8] =
    [0x8C, 29] + Array("ipyparallel.serialize.canning".utf8) + [0x94, 0x8C, 9] + Array("Reference".utf8)
    + [0x94, 0x93, 0x94, 0x29, 0x81, 0x94, 0x7D, 0x94, 0x28, 0x8C, 4] + Array("name".utf8) + [0x94, 0x8C]
  private static let referenceTail: [UInt8] =
    [0x94, 0x8C, 7] + Array("buffers".utf8) + [0x94, 0x5D, 0x94, 0x75, 0x62, 0x2E]

  private static let infoHead: [UInt8] = [0x7D, 0x94, 0x28, 0x8C, 5] + Array("nargs".utf8) + [0x94]
  private static let infoCount: [UInt8] = [0x8C, 9] + Array("narg_bufs".utf8) + [0x94]
  private static let infoKeys: [UInt8] = [0x8C, 7] + Array("kw_keys".utf8) + [0x94, 0x5D, 0x94]

  /// The size of the protocol and frame opcodes at the start of both pickles.
  private static let preamble = 11

  /// The pickle of a Reference; `nil` if the name is too long for the fixed shape.
  static func reference(_ name: String) -> Bytes? {
    let utf8 = name.utf8
    guard utf8.count < 256 else { return nil }
    let length = referenceHead.count + 1 + utf8.count + referenceTail.count
    var out: [UInt8] = []
    out.reserveCapacity(preamble + length)
    begin(&out, length: length)
    out.append(contentsOf: referenceHead)
    out.append(UInt8(truncatingIfNeeded: utf8.count))
    out.append(contentsOf: utf8)
    out.append(contentsOf: referenceTail)
    return Bytes(out)
  }

  /// The name in the pickle of a Reference; `nil` if the pickle does not have the fixed shape.
  static func referenceName(_ pickle: Bytes) -> String? {
    let fixed = preamble + referenceHead.count + 1 + referenceTail.count
    guard pickle.count >= fixed, pickle.count < fixed + 256 else { return nil }
    return pickle.withSpan { span -> String? in
      let start = preamble + referenceHead.count
      guard isPreamble(span), matches(span, referenceHead, at: preamble), Int(span[start]) == span.count - fixed,
        matches(span, referenceTail, at: span.count - referenceTail.count)
      else { return nil }
      guard let name = try? UTF8Span(validating: span.extracting(start + 1..<span.count - referenceTail.count)) else {
        return nil
      }
      return String(copying: name)
    }
  }

  /// The pickle of a message's counts.
  static func info(_ info: ApplyInfo) -> Bytes {
    if info.keywords.isEmpty, info.argumentFrames == info.argumentCount, plainInfos.indices.contains(info.argumentCount)
    {
      return plainInfos[info.argumentCount]
    }
    return write(info)
  }

  /// For few arguments of one frame each, which most calls have.
  private static let plainInfos = (0..<8).map { write(ApplyInfo(argumentCount: $0, argumentFrames: $0, keywords: [])) }

  private static func write(_ info: ApplyInfo) -> Bytes {
    var writer = PickleWriter(version: .four)
    writer.out.reserveCapacity(preamble + 64)
    begin(&writer.out, length: 0)
    writer.out.append(contentsOf: infoHead)
    writer.write(info.argumentCount)
    writer.out.append(contentsOf: infoCount)
    writer.write(info.argumentFrames)
    writer.out.append(contentsOf: infoKeys)
    if info.keywords.count == 1, let key = info.keywords.first {
      writer.write(key)
      writer.put(.memoize)
      writer.put(.append)
    } else if !info.keywords.isEmpty {
      writer.put(.mark)
      for key in info.keywords {
        writer.write(key)
        writer.put(.memoize)
      }
      writer.put(.appends)
    }
    writer.put(.setItems)
    writer.put(.stop)
    let length = writer.out.count - preamble
    for index in 0..<8 { writer.out[3 + index] = UInt8(truncatingIfNeeded: length >> (8 * index)) }
    return Bytes(writer.out)
  }

  /// The counts in a pickle without keywords; `nil` if the pickle does not have the fixed shape.
  static func plainInfo(_ pickle: Bytes) -> ApplyInfo? {
    guard pickle.count <= 80 else { return nil }
    return pickle.withSpan { span -> ApplyInfo? in
      guard isPreamble(span), matches(span, infoHead, at: preamble) else { return nil }
      var position = preamble + infoHead.count
      guard let arguments = smallInt(span, &position), matches(span, infoCount, at: position) else { return nil }
      position += infoCount.count
      guard let frames = smallInt(span, &position), matches(span, infoKeys, at: position) else { return nil }
      position += infoKeys.count
      guard matches(span, [0x75, 0x2E], at: position), position + 2 == span.count else { return nil }
      return ApplyInfo(argumentCount: arguments, argumentFrames: frames, keywords: [])
    }
  }

  private static func begin(_ out: inout [UInt8], length: Int) {
    out.append(0x80)
    out.append(4)
    out.append(0x95)
    for index in 0..<8 { out.append(UInt8(truncatingIfNeeded: length >> (8 * index))) }
  }

  /// Whether a pickle starts with protocol 4 or 5 and a frame that contains the rest.
  private static func isPreamble(_ span: Span<UInt8>) -> Bool {
    guard span.count > preamble, span[0] == 0x80, span[1] == 4 || span[1] == 5, span[2] == 0x95 else { return false }
    var length: UInt64 = 0
    for index in 0..<8 { length |= UInt64(span[3 + index]) << UInt64(8 * index) }
    return length == UInt64(span.count - preamble)
  }

  private static func matches(_ span: Span<UInt8>, _ expected: [UInt8], at start: Int) -> Bool {
    guard start + expected.count <= span.count else { return false }
    return span.extracting(start..<start + expected.count).equals(expected.span)
  }

  private static func smallInt(_ span: Span<UInt8>, _ position: inout Int) -> Int? {
    guard position + 3 <= span.count else { return nil }
    let (code, low, high) = (span[position], Int(span[position + 1]), Int(span[position + 2]))
    switch code {
    case PickleOpcode.binInt1.rawValue:
      position += 2
      return low
    case PickleOpcode.binInt2.rawValue:
      position += 3
      return low | high << 8
    default: return nil
    }
  }
}
