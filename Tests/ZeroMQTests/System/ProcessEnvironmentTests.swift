import Foundation
import Testing

@testable import MartletZeroMQ

@Suite struct ProcessEnvironmentTests {
  /// In a process of its own: the environment belongs to all tests.
  @Test func anErasedVariableIsGone() async {
    await #expect(processExitsWith: .success) {
      setenv("MARTLET_SECRET", "key", 1)
      #expect(ProcessEnvironment.variable("MARTLET_SECRET") == "key")
      let memory = try #require(getenv("MARTLET_SECRET"))
      ProcessEnvironment.erase("MARTLET_SECRET")
      ProcessEnvironment.erase("MARTLET_SECRET")
      #expect(ProcessEnvironment.variable("MARTLET_SECRET") == nil)
      #expect(String(cString: memory) == "***")
    }
  }
}
