import Testing

@testable import MartletWire

@Suite struct BuiltinFunctionTests {
  @Test(arguments: BuiltinFunction.allCases) func theirOwnReferences(function: BuiltinFunction) {
    #expect(BuiltinFunction(.reference(function.rawValue)) == function)
  }

  @Test func whatPythonClientsSend() {
    #expect(BuiltinFunction(.canned(module: "ipyparallel.util", name: "_push")) == .push)
    #expect(BuiltinFunction(.canned(module: "ipyparallel.util", name: "_pull")) == .pull)
    #expect(BuiltinFunction(.canned(module: "ipyparallel.client.remotefunction", name: "_map")) == .map)
  }

  @Test(arguments: [
    CallTarget.reference("push"), .reference(""), .canned(module: "user", name: "_push"),
    .canned(module: "ipyparallel.util", name: "_map"), .other("globals().update"),
  ])
  func anythingElse(target: CallTarget) {
    #expect(BuiltinFunction(target) == nil)
  }
}
