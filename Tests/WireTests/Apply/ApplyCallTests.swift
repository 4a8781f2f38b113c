import MartletWire
import MartletZeroMQ
import Testing

@Suite("Apply messages")
struct ApplyCallTests {
  private let large = Bytes([UInt8](repeating: 9, count: 2_000))

  @Test("a call goes there and back", arguments: ["f", String(repeating: "n", count: 300)])
  func roundTrip(name: String) throws {
    let array = PickleValue.array(try NDArray((0..<1_000).map(Double.init), shape: [10, 100]))
    let args: [PickleValue] = [
      1, .bytes(large), [.bytes(large), array, 2], .reference("there"), ["b": .bytes(large), "a": array],
      .array(try NDArray([Double]())), .array(try NDArray([1.5], shape: [])),
    ]
    let frames = ApplyCall.pack(function: name, args: args, kwargs: [("z", nil), ("b", .bytes(large))])
    #expect(frames.count == 2 + 7 + 5 + 2 + 1)
    let message = try ApplyCall.unpack(frames)
    #expect(message.function == .reference(name))
    #expect(message.kwargs.map(\.0) == ["b", "z"])
    #expect(message.kwargs.map(\.1) == [.bytes(large), nil])
    #expect(message.args[..<4] == args[..<4])
    #expect(message.args[4] == ["a": array, "b": .bytes(large)])
    #expect(message.args[5...] == args[5...])
    #expect(ApplyCall.pack(function: name, args: message.args, kwargs: message.kwargs) == frames)
  }

  @Test("the fixed pickles are those of Python")
  func templates() throws {
    #expect(ApplyCall.pack(function: "square")[0] == Vectors.reference)
    let frames = ApplyCall.pack(function: "f", args: [1, .bytes(large)], kwargs: [("k", "v")])
    #expect(frames[1] == Vectors.applyInfo)
    #expect(
      try ApplyCall.unpack([frames[0], frames[1], frames[2], Vectors.cannedBytes, large, frames[5]]).args[1]
        == .bytes(large))
  }

  @Test("functions of other kinds are told apart")
  func targets() throws {
    let info = ApplyCall.pack(function: "f")[1]
    let state: PickleValue = ["module": "ipyparallel.util", "__name__": "_push", "buffers": []]
    let function = PickleRecord(
      module: PickleRecord.canningModule, name: "CannedFunction", construction: .new, state: state)
    func target(_ value: PickleValue) throws -> CallTarget {
      try ApplyCall.unpack([PickleEncoder().encode(value), info]).function
    }
    #expect(try target(.record(function)) == .canned(module: "ipyparallel.util", name: "_push"))
    #expect(try target(.global(module: "builtins", name: "len")) == .canned(module: "builtins", name: "len"))
    #expect(try target(.record(PickleRecord(module: "m", name: "C"))) == .other("m.C"))
    #expect(try target(.int(1)) == .other("int"))
  }

  @Test("messages with missing or superfluous frames are errors")
  func wrongCounts() {
    let frames = ApplyCall.pack(function: "f", args: [.bytes(large), 2], kwargs: [("k", 1)])
    for count in 0..<frames.count {
      #expect(throws: PickleError.self) { try ApplyCall.unpack(Array(frames[..<count])) }
    }
    #expect(throws: PickleError.self) { try ApplyCall.unpack(frames + [frames[0]]) }
    let huge = PickleEncoder().encode(["nargs": .int(.max), "narg_bufs": .int(.max), "kw_keys": []])
    #expect(throws: PickleError.self) { try ApplyCall.unpack([frames[0], huge]) }
  }

  @Test("results leave the frames that are not theirs")
  func results() throws {
    let frames = ResultBuffers.serialize([.bytes(large), .bytes(Bytes("small"))])
    #expect(frames.count == 2)
    let (value, rest) = try ResultBuffers.deserialize(frames + [large])
    #expect(value == [.bytes(large), .bytes(Bytes("small"))])
    #expect(rest == [large])
    #expect(ResultBuffers.serialize(.list((0..<64).map { _ in .bytes(large) })).count == 1)
  }
}
