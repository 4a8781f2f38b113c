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
    #expect(replies.ids == ["a", "b", "c"])
    #expect(replies.frames(of: ["c", "a", "x"]).map { $0.map(\.string) } == [["to", "a"], ["to", "c"]])
  }

  @Test func theOldestGoFirst() {
    var replies = RecentReplies(countLimit: 2)
    for id in ["a", "b", "c"] { replies.add(message(id), to: id) }
    #expect(replies.ids == ["b", "c"])

    var large = RecentReplies(byteLimit: 1000)
    for id in ["a", "b"] { large.add(message(String(repeating: id, count: 700)), to: id) }
    #expect(large.ids == ["b"])
    // The latest stays whatever its size.
    large.add(message(String(repeating: "c", count: 100_000)), to: "c")
    #expect(large.ids == ["c"])
    large.add(message("d"), to: "d")
    #expect(large.ids == ["d"])
  }
}
