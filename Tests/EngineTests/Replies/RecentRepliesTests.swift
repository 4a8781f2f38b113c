import MartletZeroMQ
import Testing

@testable import MartletEngine

/// The replies that an engine keeps for a controller that may have lost them.
@Suite struct RecentRepliesTests {
  private func message(_ texts: String...) -> Multipart {
    var message = Multipart()
    for text in texts { message.append(Bytes(text)) }
    return message
  }

  @Test func repliesAreFoundInTheirOrder() {
    var replies = RecentReplies()
    for id in ["a", "b", "c"] { replies.add(message("to", id), to: id) }
    replies.add(message("to", "a again"), to: "a", attempt: 2)
    #expect(replies.attempts == ["a": 2, "b": 1, "c": 1])
    let found = replies.replies(to: ["c", "a", "x"])
    #expect(found.map { $0.frames.map(\.string) } == [["to", "a"], ["to", "c"], ["to", "a again"]])
    #expect(found.map(\.attempt) == [1, 1, 2])
  }

  @Test func theOldestGoFirst() {
    var replies = RecentReplies(countLimit: 2)
    for id in ["a", "b", "c"] { replies.add(message(id), to: id) }
    #expect(Set(replies.attempts.keys) == ["b", "c"])

    var large = RecentReplies(byteLimit: 1000)
    for id in ["a", "b"] { large.add(message(String(repeating: id, count: 700)), to: id) }
    #expect(Array(large.attempts.keys) == ["b"])
    // The latest stays whatever its size.
    large.add(message(String(repeating: "c", count: 100_000)), to: "c")
    #expect(Array(large.attempts.keys) == ["c"])
    large.add(message("d"), to: "d")
    #expect(Array(large.attempts.keys) == ["d"])
  }
}
