/// How much the task scheduler accepts: tasks that have not ended, queued or on an engine, and the bytes of their
/// messages.
///
/// A client may have at most as much in flight as is still free. So one client alone gets half of the whole, two that
/// are equally greedy get a third each, and there is always room for one more client. (These are the dynamic thresholds
/// of Choudhury and Hahne, 1998, for the buffers of switches.)
public struct QueueLimit: Sendable, Hashable {
  /// Tasks; 0 for no limit. The default lets a single client have a million.
  public var tasks = 1 << 21
  /// Bytes of the tasks' messages; 0 for no limit. The default lets a single client have 2 GiB.
  public var bytes = 1 << 32

  /// A limit; negative numbers mean no limit, as 0 does.
  public init(tasks: Int = 1 << 21, bytes: Int = 1 << 32) {
    self.tasks = tasks
    self.bytes = bytes
  }

  /// Accepts everything.
  static let none = QueueLimit(tasks: 0, bytes: 0)

  /// What is in flight.
  struct Usage: Equatable {
    var tasks = 0
    var bytes = 0

    mutating func add(bytes size: Int) {
      tasks += 1
      bytes += size
    }

    mutating func remove(bytes size: Int) {
      tasks -= 1
      bytes -= size
    }
  }

  /// Which of the limits a task would exceed.
  enum Excess: Hashable, Sendable {
    case tasks
    case bytes
  }

  /// The limit that one more task of a client would exceed, if any.
  func excess(adding size: Int, client: Usage, total: Usage) -> Excess? {
    if tasks > 0, client.tasks + 1 > tasks - total.tasks { return .tasks }
    // What the client has then, and what is free then.
    if bytes > 0, size > (bytes - total.bytes - client.bytes) / 2 { return .bytes }
    return nil
  }
}
