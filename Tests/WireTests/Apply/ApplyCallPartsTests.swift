import MartletZeroMQ
import Testing

@testable import MartletWire

@Suite struct ApplyCallPartsTests {
  @Test func theFunctionIsReadByItself() throws {
    let frames = ApplyCall.pack(function: "f", args: [1, [2]], kwargs: [("b", 3)])
    var rest = frames[...]
    #expect(try ApplyCall.takeFunction(from: &rest) == .reference("f"))
    #expect(rest.count == frames.count - 1)
    #expect(try ApplyCall.firstArgument(rest) == 1)
    let call = try ApplyCall.unpack(.reference("f"), rest)
    #expect(call.args == [1, [2]])
    #expect(call.kwargs.map(\.0) == ["b"])
  }

  @Test func missingPartsAreErrors() {
    var none: ArraySlice<Bytes> = []
    #expect(throws: PickleError.self) { try ApplyCall.takeFunction(from: &none) }
    #expect(throws: PickleError.self) { try ApplyCall.firstArgument([]) }
    #expect(throws: PickleError.self) { try ApplyCall.firstArgument(ApplyCall.pack(function: "f").dropFirst()) }
    #expect(throws: PickleError.self) { try ApplyCall.unpack(.reference("f"), []) }
  }
}
