/// How much a scheduler or relay accepts: tasks that have not ended, queued or on an engine, and the bytes of their
/// messages.
///
/// A client may have at most as much in flight as is still free. So one client alone gets half of the whole, two that
/// are equally greedy get a third each, and there is always room for one more client. (These are the dynamic thresholds
/// of Choudhury and Hahne, 1998, for the buffers of switches.)
public struct QueueLimit: Sendable, Hashable {
  /// Tasks; 0 for no limit. The default lets a single client have a million.
  public var tasks = 1 << 21
  /// Bytes of the tasks' messages; 0 for no limit.
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

    mutating func add(bytes size: Int, tasks count: Int = 1) {
      tasks += count
      bytes += size
    }

    mutating func remove(bytes size: Int, tasks count: Int = 1) {
      tasks -= count
      bytes -= size
    }
  }

  /// Which of the limits a task would exceed.
  enum Excess: UInt8, Sendable {
    case tasks = 1
    case bytes
  }

  /// The limit that more tasks of a client would exceed, if any.
  ///
  /// - Parameters:
  ///   - size: the bytes of the new tasks.
  ///   - count: their number.
  func excess(adding size: Int, tasks count: Int = 1, client: Usage, total: Usage) -> Excess? {
    // What the client has then, and what is free before the last of them.
    if tasks > 0, client.tasks + count > tasks - total.tasks - (count - 1) { return .tasks }
    // What the client has then, and what is free then.
    if bytes > 0, size > (bytes - total.bytes - client.bytes) / 2 { return .bytes }
    return nil
  }

  /// The limit that is reached, if any, for a relay that only learns afterwards what it let pass.
  func excess(of total: Usage) -> Excess? {
    if tasks > 0, total.tasks >= tasks { return .tasks }
    if bytes > 0, total.bytes >= bytes { return .bytes }
    return nil
  }
}
