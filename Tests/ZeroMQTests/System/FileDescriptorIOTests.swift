import Testing

@testable import MartletZeroMQ

@Suite struct FileDescriptorIOTests {
  /// Partial writes of any size all write from the same memory.
  @Test func partialWritesCopyNothing() {
    var parts: [UInt8] = []
    var addresses: [UnsafeRawPointer] = []
    FileDescriptorIO.writeAll(Array(0..<100)[10...]) { rest in
      guard let address = rest.baseAddress, let first = rest.first else { return 0 }
      addresses.append(address)
      parts.append(first)
      return 1
    }
    #expect(parts == Array(10..<100))
    #expect(zip(addresses, addresses.dropFirst()).allSatisfy { $1 - $0 == 1 })
  }

  @Test func aFailedWriteEndsTheAttempt() {
    var calls = 0
    FileDescriptorIO.writeAll([1, 2, 3]) { _ in
      calls += 1
      return calls == 1 ? 1 : -1
    }
    #expect(calls == 2)
  }
}
