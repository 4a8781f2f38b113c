import DequeModule
import MartletZeroMQ

/// The latest replies to tasks, which are sent again if a controller asks for them: one that was killed may have lost them.
///
/// A value without I/O. The oldest go first; the latest stays whatever its size.
struct RecentReplies {
  /// A reply, and the attempt at the task that it is about.
  struct Kept {
    let frames: [Bytes]
    let attempt: Int
  }

  private var replies = Deque<(id: String, attempt: Int, frames: PackedFrames)>()
  private let space = PackingSpace()
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

  /// The ids of the tasks, and the latest attempt at each.
  var attempts: [String: Int] { Dictionary(replies.lazy.map { ($0.id, $0.attempt) }) { $1 } }

  /// Keeps a reply that is about to be sent.
  mutating func add(_ message: borrowing Multipart, to id: String, attempt: Int = 1) {
    let frames = PackedFrames(copying: message, from: 0, into: space)
    bytes += frames.byteCount
    replies.append((id, attempt, frames))
    while replies.count > countLimit || bytes > byteLimit && replies.count > 1 {
      bytes -= replies.removeFirst().frames.byteCount
    }
  }

  /// The replies to some tasks, in the order in which they were sent.
  func replies(to ids: Set<String>) -> [Kept] {
    replies.filter { ids.contains($0.id) }.map { Kept(frames: $0.frames.frames(from: 0), attempt: $0.attempt) }
  }
}
