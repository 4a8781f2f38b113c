import Synchronization
import MartletWire
import MartletZeroMQ

/// Receives the requests of the shell channel and queues them for the worker.
///
/// It does so on the worker's own thread whenever that is free, so that a request meets no other thread on its way; and
/// on the I/O loop's when requests that wait are to be aborted while the worker is busy.
final class ShellInlet: Sendable {
  private struct State: ~Copyable {
    var session: Session
    var incoming = Multipart()

    init(session: consuming Session) { self.session = session }
  }

  private let state: Mutex<State>
  private let socket: SharedSocket
  private let desk: ShellDesk<Request>
  private let outlet: EngineOutlet
  private let writer: ReplyWriter
  private let failed: @Sendable (any Error) -> Void

  /// The most messages one look at the socket takes, so that no source of the thread starves another.
  private static let batch = 64

  /// An inlet.
  ///
  /// - Parameters:
  ///   - session: checks what comes in.
  ///   - failed: is told of messages that are dropped, with a `WireError`, and of failures to receive.
  init(
    _ socket: SharedSocket, session: consuming sending Session, desk: ShellDesk<Request>, outlet: EngineOutlet,
    writer: ReplyWriter, failed: @escaping @Sendable (any Error) -> Void
  ) {
    state = Mutex(State(session: session))
    self.socket = socket
    self.desk = desk
    self.outlet = outlet
    self.writer = writer
    self.failed = failed
  }

  /// Begins to receive on a loop.
  func start(on loop: EventLoop) {
    loop.execute { [self] in _ = loop.onReadable(socket) { self.receive(atMost: Self.batch) } }
  }

  /// Aborts requests that wait, whether they have been received before or are in the socket still; see
  /// ``ShellDesk/abort(_:)``.
  ///
  /// - Returns: the requests to answer with `aborted`.
  func abort(_ ids: [String]?) -> [Request] {
    receive()
    return desk.abort(ids)
  }

  /// Takes the tasks that wait out of the queue; they may come again.
  ///
  /// - Returns: them, in the order they came.
  func withdrawTasks() -> [Request] {
    receive()
    let tasks = desk.withdraw { $0.isTask }
    state.withLock { state in for task in tasks { state.session.readmit(task.message) } }
    return tasks
  }

  /// Receives what is there.
  func receive() { receive(atMost: .max) }

  private func receive(atMost limit: Int) {
    do {
      // The mutex also keeps the requests in order when two threads receive.
      try state.withLock { state in
        var left = limit
        while left > 0, try socket.receive(into: &state.incoming) {
          left -= 1
          accept(&state)
        }
      }
    } catch {
      failed(error)
    }
  }

  private func accept(_ state: inout State) {
    do throws(WireError) {
      let message = try state.session.take(&state.incoming)
      let request = Request(message: message, metadata: try RequestMetadata(message.metadataBytes), channel: .shell)
      switch request.type {
      case MessageType.applyRequest, MessageType.executeRequest, MessageType.kernelInfoRequest:
        if case .aborted = desk.add(request, id: request.message.header.messageID) {
          outlet.answer(request, writer.aborted(request))
        }
      default:
        failed(WireError(.unknown, "message type \(request.type)"))
        outlet.refuseUnknown(request, writer)
      }
    } catch {
      failed(error)
    }
  }
}
