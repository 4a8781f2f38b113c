import MartletWire
import Testing

@testable import MartletClient

/// When a task is tried again, and after which time.
@Suite struct RetryStateTests {
  struct Flaky: Error {}

  private static let now = Timestamp(microseconds: 1_000_000_000)

  private func delay(
    _ policy: RetryPolicy, after error: any Error = Flaky(), failures: Int = 1, deadline: Timestamp? = nil,
    isBound: Bool = false, random: Double = 0
  ) -> Duration? {
    RetryState(policy: policy, deadline: deadline, isBound: isBound)
      .delay(after: error, failures: failures, now: Self.now, random: random)
  }

  @Test func attemptsAreCounted() {
    let policy = RetryPolicy(attempts: 3)
    #expect((1...4).map { delay(policy, failures: $0) } == [.zero, .zero, nil, nil])
    #expect(delay(RetryPolicy(attempts: 1)) == nil)
  }

  @Test func waitsGrowUpToTheLongest() {
    let policy = RetryPolicy(attempts: 100, backoff: .exponential(from: .seconds(1), factor: 3, upTo: .seconds(20)))
    #expect((1...5).map { delay(policy, failures: $0) } == [1, 3, 9, 20, 20].map { .seconds($0) })
    let constant = RetryPolicy(attempts: 100, backoff: .constant(.seconds(2)))
    #expect([1, 50].map { delay(constant, failures: $0, random: 1) } == [.seconds(2), .seconds(2)])
  }

  @Test func aPartOfTheWaitIsRandom() {
    let policy = RetryPolicy(attempts: 9, backoff: .exponential(from: .seconds(4), jitter: 0.5))
    #expect([0, 0.5, 1].map { delay(policy, random: $0) } == [.seconds(4), .seconds(3), .seconds(2)])
    let none = RetryPolicy(attempts: 9, backoff: .exponential(from: .seconds(4), jitter: 0))
    #expect(delay(none, random: 1) == .seconds(4))
  }

  @Test func extremeNumbersAreBounded() throws {
    let huge = RetryPolicy(
      attempts: .max, backoff: .exponential(from: .seconds(Int64.max), factor: 1e300, upTo: .seconds(Int64.max)))
    try huge.validate()
    #expect(delay(huge, failures: .max - 1) == .seconds(1_000_000_000))
    let zero = RetryPolicy(attempts: .max, backoff: .exponential(from: .zero))
    #expect(delay(zero, failures: .max - 1) == .zero)
    let small = RetryPolicy(attempts: .max, backoff: .exponential(from: .nanoseconds(1), upTo: .seconds(60)))
    #expect(delay(small, failures: .max - 1) == .seconds(60))
  }

  @Test func theErrorDecides() {
    let policy = RetryPolicy(attempts: 2) { error in error is Flaky }
    #expect(delay(policy) == .zero)
    #expect(delay(policy, after: RemoteError(ename: "Flaky", evalue: "")) == nil)
  }

  @Test(
    arguments: [
      TaskAborted(msgID: "a"), CancellationError(), RemoteError(ename: "CancellationError", evalue: ""),
      RemoteError(ename: "KeyboardInterrupt", evalue: ""), RemoteError(ename: "TypeError", evalue: ""),
      ClientError(.invalidArgument, ""), ClientError.closed, ClientError(.wrongResultType, ""),
    ] as [any Error]) func someErrorsAreFinal(_ error: any Error)
  {
    #expect(delay(RetryPolicy(attempts: 9), after: error) == nil)
  }

  @Test func lossesAreNot() {
    let policy = RetryPolicy(attempts: 9)
    let lost = EngineError(engineID: 1, engineUUID: nil, msgID: "a")
    #expect(delay(policy, after: lost) == .zero)
    #expect(delay(policy, after: lost, isBound: true) == nil)
    #expect(delay(policy, after: ClientError(.controllerLost, "")) == .zero)
    #expect(delay(policy, after: RemoteError(ename: "TimeoutError", evalue: ""), isBound: true) == .zero)
  }

  @Test func nothingBeginsAfterTheDeadline() {
    let policy = RetryPolicy(attempts: 9, backoff: .constant(.seconds(2)))
    #expect(delay(policy, deadline: Self.now.advanced(by: .seconds(3))) == .seconds(2))
    #expect(delay(policy, deadline: Self.now.advanced(by: .seconds(2))) == nil)
    #expect(delay(policy, deadline: Timestamp(microseconds: 0)) == nil)
  }

  @Test(arguments: [
    RetryPolicy(attempts: 0), RetryPolicy(attempts: 2, backoff: .constant(.seconds(-1))),
    RetryPolicy(attempts: 2, backoff: .exponential(from: .seconds(1), factor: 0.5)),
    RetryPolicy(attempts: 2, backoff: .exponential(from: .seconds(1), factor: .nan)),
    RetryPolicy(attempts: 2, backoff: .exponential(from: .seconds(1), jitter: 2)),
  ]) func numbersAreChecked(_ policy: RetryPolicy) {
    let error = #expect(throws: ClientError.self) { try policy.validate() }
    #expect(error?.code == .invalidArgument)
  }

  @Test func theErrorListsTheAttempts() throws {
    let errors = (1...7).map { RemoteError(ename: "ValueError", evalue: "\($0)", engineID: 3) }
    let attempts = errors.map { FailedAttempt(error: $0, date: Timestamp(microseconds: Int($0.evalue) ?? 0)) }
    let error = try #require(errors[6].after(Array(attempts[..<6]), at: nil) as? AttemptsFailed)
    #expect(error.dates == (1...6).map { Timestamp(microseconds: $0) } + [nil])
    #expect(error.errors.count == 7 && error.earlier.count == 6 && error.last as? RemoteError == errors[6])
    #expect(
      error.description == """
        7 attempts failed, the last with: engine 3: ValueError: 7
          2 earlier attempts
          attempt 3: engine 3: ValueError: 3
          attempt 4: engine 3: ValueError: 4
          attempt 5: engine 3: ValueError: 5
          attempt 6: engine 3: ValueError: 6
        """)
    #expect(errors[0].after([], at: nil) as? RemoteError == errors[0])
    #expect(TaskAborted(msgID: "a").after(attempts, at: nil) is TaskAborted)
  }
}
