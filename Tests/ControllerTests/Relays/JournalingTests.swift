import Testing

@testable import MartletController

/// What must not be sent before the journal has what it follows from.
@Suite struct JournalingTests {
  /// Accepts a task, decides to send something after it, and takes the batch.
  ///
  /// - Returns: the number of the batch.
  private static func decide(_ item: String, _ journaling: inout Journaling<String>) throws -> UInt64 {
    journaling.note(try JournalFixture.task(item), .accepted)
    let waits = journaling.hold(item)
    #expect(waits)
    let batch = journaling.takeBatch()
    return try #require(batch).epoch
  }

  private static func sent(_ journaling: inout Journaling<String>, all: Bool = false) -> [String] {
    var sent: [String] = []
    while var items = journaling.take(all: all) {
      while let item = items.popFirst() { sent.append(item) }
    }
    return sent
  }

  @Test func withoutEntriesNothingWaits() {
    var journaling = Journaling<String>()
    let waits = journaling.hold("a")
    let batch = journaling.takeBatch()
    #expect(!waits && batch == nil && journaling.isQuiet)
  }

  @Test func whatFollowsFromAnEntryWaitsForItsBatch() throws {
    var journaling = Journaling<String>()
    let first = try Self.decide("a", &journaling)
    var sent = Self.sent(&journaling)
    #expect(sent.isEmpty && !journaling.isQuiet)
    let second = try Self.decide("b", &journaling)
    #expect(second > first)
    journaling.committed(first)
    sent = Self.sent(&journaling)
    #expect(sent == ["a"])
    journaling.committed(second)
    sent = Self.sent(&journaling)
    #expect(sent == ["b"] && journaling.isQuiet)
  }

  @Test func nothingOvertakesWhatWaits() throws {
    var journaling = Journaling<String>()
    let epoch = try Self.decide("a", &journaling)
    // They follow from nothing new, but were decided later.
    var waits = journaling.hold("b")
    #expect(waits)
    journaling.committed(epoch)
    waits = journaling.hold("c")
    #expect(waits)
    let sent = Self.sent(&journaling)
    waits = journaling.hold("d")
    #expect(sent == ["a", "b", "c"] && !waits)
  }

  @Test func whatIsTakenBackIsNotSent() throws {
    var journaling = Journaling<String>()
    let epochs = try ["a", "b", "c", "d"].map { try Self.decide($0, &journaling) }
    journaling.committed(epochs[0])
    var sent = Self.sent(&journaling)
    #expect(sent == ["a"])
    journaling.removeAll { $0 == "b" || $0 == "d" }
    // The one that is left still waits for its own batch.
    journaling.committed(epochs[1])
    sent = Self.sent(&journaling)
    #expect(sent.isEmpty)
    journaling.committed(epochs[2])
    sent = Self.sent(&journaling)
    #expect(sent == ["c"] && !journaling.isQuiet)
    journaling.committed(epochs[3])
    #expect(journaling.isQuiet)
  }

  @Test func whenTheJournalEndsEverythingIsSent() throws {
    var journaling = Journaling<String>()
    _ = try Self.decide("a", &journaling)
    _ = try Self.decide("b", &journaling)
    let sent = Self.sent(&journaling, all: true)
    #expect(sent == ["a", "b"])
  }
}
