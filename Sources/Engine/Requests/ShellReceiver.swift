import MartletWire
import MartletZeroMQ
import Synchronization

/// Receives the requests of the shell channel and puts them into the mailbox.
///
/// It receives on the worker's own thread whenever that is free, which saves each request a switch of threads. While the
/// worker is busy, the I/O loop receives if waiting requests are to be aborted or returned.
final class ShellReceiver: Sendable {
  private let socket: SharedSocket
  private let verifier: MessageVerifier
  private let mailbox: RequestMailbox<Request>
  private let sender: ReplySender
  private let writer: ReplyWriter
  private let hasPython: Bool
  private let onError: @Sendable (any Error) -> Void
  /// Starts requests for which other engines wait, if they are of that kind.
  private let startNested = Mutex<(@Sendable (Request) -> Bool)?>(nil)

  /// The most messages one callback takes, so that the thread's other sources get their turn.
  private static let batch = 64

  /// Creates a receiver, which is idle before ``start(on:)``.
  ///
  /// - Parameters:
  ///   - hasPython: whether there is a Python, which answers some more types of requests.
  ///   - onError: called with a `WireError` for each message that is dropped, and with failures to receive.
  init(
    _ socket: SharedSocket, verifier: MessageVerifier, mailbox: RequestMailbox<Request>, sender: ReplySender,
    writer: ReplyWriter, hasPython: Bool, onError: @escaping @Sendable (any Error) -> Void
  ) {
    self.socket = socket
    self.verifier = verifier
    self.mailbox = mailbox
    self.sender = sender
    self.writer = writer
    self.hasPython = hasPython
    self.onError = onError
  }

  /// Starts receiving on a loop.
  ///
  /// - Parameter startNested: gets each request for which other engines wait, and says whether it has started it. The others
  ///   wait in the mailbox.
  /// - Throws: ``EventLoopEnded``.
  func start(
    on loop: EventLoop, startNested: @escaping @Sendable (Request) -> Bool
  ) throws(EventLoopEnded) {
    self.startNested.withLock { $0 = startNested }
    try loop.execute { [self] in _ = loop.onReadable(socket) { self.receive(atMost: Self.batch) } }
  }

  /// Aborts waiting requests, including those still in the socket; see ``RequestMailbox/abort(_:)``.
  ///
  /// - Returns: the requests to answer with `aborted`.
  func abort(_ ids: [String]?) -> [Request] {
    receive()
    return mailbox.abort(ids)
  }

  /// Aborts the waiting requests of a client's session, including those still in the socket.
  ///
  /// - Returns: the requests to answer with `aborted`.
  func abort(ofSession session: String) -> [Request] {
    receive()
    return mailbox.withdraw { $0.session == session }
  }

  /// Removes the waiting tasks of the task scheduler, which may send them again later.
  ///
  /// - Returns: the tasks in the order of their arrival.
  func withdrawTasks() -> [Request] {
    receive()
    let tasks = mailbox.withdraw { $0.isTask }
    readmit(tasks)
    return tasks
  }

  /// Lets tasks that are returned come once more.
  func readmit(_ tasks: [Request]) { verifier.readmit(tasks.lazy.map(\.message)) }

  /// The ids of the task scheduler's tasks that run or wait, including those still in the socket, and which attempt at each.
  func attempts() -> [String: Int] {
    receive()
    let tasks = mailbox.requests.lazy.filter(\.isTask).map { ($0.message.header.messageID, $0.metadata.attempt) }
    return Dictionary(tasks) { $1 }
  }

  /// Receives all messages in the socket.
  func receive() { receive(atMost: .max) }

  private func receive(atMost limit: Int) {
    do {
      // Holding the session also keeps the requests in order when both threads receive.
      try verifier.withLock { state in
        var left = limit
        while left > 0, try socket.receive(into: &state.incoming) {
          left -= 1
          accept(&state)
        }
      }
    } catch {
      onError(error)
    }
  }

  private func accept(_ state: inout MessageVerifier.State) {
    do throws(WireError) {
      let message = try state.session.take(&state.incoming)
      let request = try request(of: message)
      guard isKnown(request.type) else {
        onError(WireError(.unknown, "message type \(request.type)"))
        return sender.refuseUnknown(request, writer)
      }
      if request.metadata.nesting > 0, startNested.withLock(\.self)?(request) ?? false { return }
      if case .aborted = mailbox.add(request, id: request.message.header.messageID) {
        sender.answer(request, writer.aborted(request))
      }
    } catch {
      onError(error)
    }
  }

  /// Reads the metadata of a message, which is answered with an error if they are malformed.
  private func request(of message: Message) throws(WireError) -> Request {
    do throws(WireError) {
      return Request(message: message, metadata: try RequestMetadata(message.metadataBytes), channel: .shell)
    } catch {
      let request = Request(message: message, metadata: RequestMetadata(), channel: .shell)
      if request.hasReply {
        let error = RaisedError("ValueError", "the engine refused the request: \(error.reason)")
        sender.answer(request, writer.failed(request, started: .now, error: error, method: request.method))
      }
      throw error
    }
  }

  private func isKnown(_ type: String) -> Bool {
    switch type {
    case MessageType.applyRequest, MessageType.executeRequest, MessageType.kernelInfoRequest: true
    case MessageType.completeRequest, MessageType.inspectRequest, MessageType.historyRequest,
      MessageType.isCompleteRequest, MessageType.commInfoRequest, MessageType.commOpen, MessageType.commMessage,
      MessageType.commClose:
      hasPython
    default: false
    }
  }
}
