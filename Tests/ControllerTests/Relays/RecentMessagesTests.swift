import MartletZeroMQ
import Testing

@testable import MartletController

@Suite struct RecentMessagesTests {
  private let now = Instant.now

  private func message(_ text: String) -> SharedFrames {
    var frames = Multipart()
    frames.append(Bytes(text))
    return SharedFrames(taking: &frames)
  }

  @Test func theLatestAndYoungestAreKept() {
    var recent = RecentMessages(limit: 3, age: .seconds(2))
    func texts(after time: Duration) -> [String] { recent.all(now: now + time).map { $0.text(at: 0) } }
    for (text, time) in [("a", 0), ("b", 1), ("c", 2)] { recent.add(message(text), now: now + .seconds(time)) }
    #expect(texts(after: .seconds(2)) == ["a", "b", "c"])
    #expect(texts(after: .milliseconds(2001)) == ["b", "c"])
    recent.add(message("d"), now: now + .seconds(2))
    #expect(texts(after: .seconds(2)) == ["b", "c", "d"])
    recent.add(message("e"), now: now + .seconds(10))
    #expect(texts(after: .seconds(10)) == ["e"])
    #expect(texts(after: .seconds(13)) == [])
  }

  @Test func largeOnesAreNotKept() {
    var recent = RecentMessages(limit: 3, age: .seconds(2))
    for size in [RecentMessages.sizeLimit, RecentMessages.sizeLimit + 1] {
      recent.add(message(String(repeating: "x", count: size)), now: now)
    }
    #expect(recent.all(now: now).map(\.totalSize) == [RecentMessages.sizeLimit])
  }
}
