import DequeModule
import MartletZeroMQ

/// The latest replies to tasks, which are sent again if a controller asks for them: one that was killed may have lost them.
///
/// A value without I/O. The oldest go first; the latest stays whatever its size.
struct RecentReplies: Sendable {
  private var replies = Deque<(id: String, frames: PackedFrames)>()
  private var bytes = 0
  private let countLimit: Int
  private let byteLimit: Int

  /// - Parameters:
  ///   - countLimit: how many are kept.
  ///   - byteLimit: how many bytes they may have together.
  init(countLimit: Int = 4096, byteLimit: Int = 64 << 20) {
    self.countLimit = countLimit
    self.byteLimit = byteLimit
  }

  /// The ids of the tasks.
  var ids: [String] { replies.map(\.id) }

  /// Keeps a reply that is about to be sent.
  mutating func add(_ message: borrowing Multipart, to id: String) {
    let frames = PackedFrames(copying: message, from: 0)
    bytes += frames.byteCount
    replies.append((id, frames))
    while replies.count > countLimit || bytes > byteLimit && replies.count > 1 {
      bytes -= replies.removeFirst().frames.byteCount
    }
  }

  /// The frames of the replies to some tasks, in the order in which they were sent.
  func frames(of ids: Set<String>) -> [[Bytes]] {
    replies.filter { ids.contains($0.id) }.map { $0.frames.frames(from: 0) }
  }
}
