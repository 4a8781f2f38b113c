import MartletZeroMQ

extension PickleMachine {
  /// Runs the program to its STOP and returns its result.
  mutating func run(_ span: Span<UInt8>) throws(PickleError) -> PickleValue {
    while true {
      start = position
      let code = try byte(span)
      guard let opcode = PickleOpcode(rawValue: UInt8(truncatingIfNeeded: code)) else {
        throw error(.malformed, "unknown opcode \(code)")
      }
      switch opcode {
      case .proto:
        let version = try byte(span)
        guard version <= 5 else { throw error(.unsupported, "pickle protocol \(version)") }
      case .frame:
        let length = try length8(span)
        guard length <= span.count - position else { throw error(.truncated, "a frame of \(length) bytes") }
      case .stop:
        let result = try pop()
        guard stack.isEmpty, marks.isEmpty else { throw error(.malformed, "values are left on the stack") }
        return result.value

      case .none: try push(.none)
      case .newTrue: try push(.bool(true))
      case .newFalse: try push(.bool(false))
      case .binInt: try push(.int(Int(try number(span, Int32.self))))
      case .binInt1: try push(.int(try byte(span)))
      case .binInt2: try push(.int(Int(try number(span, UInt16.self))))
      case .long1: try pushLong(try slice(span, try byte(span)))
      case .long4: try pushLong(try slice(span, Int(try number(span, Int32.self))))
      case .binFloat: try push(.float(Double(bitPattern: try number(span, UInt64.self).byteSwapped)))
      case .int: try push(try decimal(span, allowBool: true), payload: position - start)
      case .long: try push(try decimal(span, allowBool: false), payload: position - start)
      case .float: try push(try decimalFloat(span))

      case .shortBinUnicode: try pushText(span, try byte(span))
      case .binUnicode: try pushText(span, Int(try number(span, UInt32.self)))
      case .binUnicode8: try pushText(span, try length8(span))
      case .unicode: try push(.string(try escapedText(span)), payload: position - start)
      case .shortBinBytes: try pushBytes(try slice(span, try byte(span)))
      case .binBytes: try pushBytes(try slice(span, Int(try number(span, UInt32.self))))
      case .binBytes8: try pushBytes(try slice(span, try length8(span)))
      case .byteArray8:
        let bytes = try slice(span, try length8(span))
        try push(.bytearray(bytes), payload: bytes.count)
      case .nextBuffer: try takeBuffer()
      case .readOnlyBuffer: _ = try top()
      case .string: try pushOldString(try quotedString(span))
      case .shortBinString: try pushOldString(try slice(span, try byte(span)))
      case .binString: try pushOldString(try slice(span, Int(try number(span, Int32.self))))

      case .mark: try openMark()
      case .pop: try drop()
      case .popMark: try discard(from: try popMark())
      case .dup: try push(share(try top()))
      case .memoize: try memoize()
      case .binPut: try put(try byte(span))
      case .longBinPut: try put(Int(try number(span, UInt32.self)))
      case .put: try put(try slotLine(span))
      case .binGet: try get(try byte(span))
      case .longBinGet: try get(Int(try number(span, UInt32.self)))
      case .get: try get(try slotLine(span))

      case .emptyList: try push(.list([]))
      case .emptyTuple: try push(.tuple([]))
      case .emptyDict: try push(.dict(PickleDict()))
      case .emptySet: try push(.set(PickleSet()))
      case .tuple1: try pushTuple(from: stack.count - 1)
      case .tuple2: try pushTuple(from: stack.count - 2)
      case .tuple3: try pushTuple(from: stack.count - 3)
      case .tuple: try pushTuple(from: try popMark())
      case .list: try pushSequence(from: try popMark()) { .list($0) }
      case .frozenSet: try pushSequence(from: try popMark()) { .frozenSet(PickleSet($0)) }
      case .dict:
        let mark = try popMark()
        try pushDict(from: mark)
      case .append: try append(from: stack.count - 1)
      case .appends: try append(from: try popMark())
      case .addItems: try addItems(from: try popMark())
      case .setItem: try setItems(from: stack.count - 2)
      case .setItems: try setItems(from: try popMark())

      case .global: try pushGlobal(module: try line(span), name: try line(span))
      case .stackGlobal: try stackGlobal()
      case .reduce: try reduce()
      case .build: try build()
      case .newObj: try newObject(hasKeywords: false)
      case .newObjEx: try newObject(hasKeywords: true)
      case .inst:
        let (module, name) = (try line(span), try line(span))
        try instantiate(module: module, name: name, from: try popMark())
      case .obj: try instantiateObject(from: try popMark())

      case .persID, .binPersID: throw error(.unsupported, "a persistent id has no meaning here")
      case .ext1, .ext2, .ext4: throw error(.unsupported, "extension codes have no meaning here")
      }
    }
  }

  private mutating func pushLong(_ bytes: Bytes) throws(PickleError) {
    try push(.integer(twosComplement: bytes.array), payload: bytes.count)
  }

  mutating func pushBytes(_ bytes: Bytes) throws(PickleError) {
    try push(.bytes(bytes), payload: bytes.count)
  }

  private mutating func takeBuffer() throws(PickleError) {
    guard nextBuffer < buffers.count else { throw error(.truncated, "more out-of-band buffers wanted than given") }
    nextBuffer += 1
    try pushBytes(buffers[nextBuffer - 1])
  }

  private mutating func openMark() throws(PickleError) {
    guard marks.count < limits.values else { throw error(.limit, "more than \(limits.values) marks") }
    marks.append(stack.count)
  }

  /// POP removes a value, or a mark if that is on top.
  private mutating func drop() throws(PickleError) {
    if marks.last == stack.count {
      marks.removeLast()
    } else {
      _ = try pop()
    }
  }
}
