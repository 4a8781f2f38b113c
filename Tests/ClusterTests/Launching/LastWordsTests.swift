import Testing

@testable import MartletCluster

@Suite struct LastWordsTests {
  @Test(arguments: [
    ("2026-01-01 [IPController] ready\nmartlet controller: no memory\n", "no memory"),
    (
      "Error: --hwm is wrong\nUsage: martlet controller [options]\n  See 'x --help' for more information.\n",
      "--hwm is wrong"
    ),
    ("Traceback:\n  File x\nKeyError: 'y'\n\n", "KeyError: 'y'"),
    ("Unable to run job: there is no queue.\nExiting.\n", "Unable to run job: there is no queue."),
    ("the disk is full\nsrun: error: node1: task 0: Exited with exit code 3\n", "the disk is full"),
    ("srun: error: Unable to create step\n", "srun: error: Unable to create step"), ("a\r\nb\r\n", "b"),
  ])
  func areTheReason(log: String, words: String) { #expect(LastWords.find(in: log) == words) }

  @Test(arguments: [
    (
      "Fatal error: first\nSwift/Array.swift:7: Fatal error: Index out of range\n",
      "Swift/Array.swift:7: Fatal error: Index out of range"
    ),
    ("ready\nA/B.swift:1: Precondition failed: no\n\n*** Backtrace\n0 main\n", "A/B.swift:1: Precondition failed: no"),
    ("x: x.c:3: main: Assertion `a' failed.\n", "x: x.c:3: main: Assertion `a' failed."), ("ready\n", nil), ("", nil),
  ])
  func areThoseOfACrash(log: String, words: String?) { #expect(LastWords.findCrash(in: log) == words) }

  @Test func anEmptyOrMissingLogHasNone() {
    #expect(LastWords.find(in: "\n \n") == nil)
    #expect(LastWords.read(from: "/no/such/log") == nil)
  }
}
