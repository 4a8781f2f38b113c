import Foundation
import Synchronization
import Testing

@testable import MartletZeroMQ

/// The transports between two sockets. Tests that apply to all transports take this as their argument.
enum Transport: String, CaseIterable, CustomTestStringConvertible {
  case inproc, ipc, tcp, curve

  private static let counter = Atomic<Int>(0)

  var testDescription: String { rawValue }

  /// An endpoint that nothing else is bound to.
  var freeEndpoint: String {
    let number = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
    switch self {
    case .inproc: return "inproc://test-\(number)"
    case .ipc: return "ipc://\(Self.folder)/mt-\(getpid())-\(number)"
    case .tcp, .curve: return "tcp://127.0.0.1:*"
    }
  }

  /// A folder whose path is short enough for the 107-byte limit on ipc paths.
  static var folder: String { FileManager.default.temporaryDirectory.path }

  /// Uses two contexts, except for `inproc`, which only works within one context.
  func makePair(
    _ server: SocketType, _ client: SocketType, serverOptions: SocketOptions = SocketOptions(),
    clientOptions: SocketOptions = SocketOptions()
  ) throws -> SocketPair {
    var (serverOptions, clientOptions) = (serverOptions, clientOptions)
    if self == .curve {
      let keys = try CurveKeyPair.generate()
      serverOptions.curve = .server(keys)
      clientOptions.curve = .client(try CurveKeyPair.generate(), serverKey: keys.publicKey)
    }
    let context = try Context()
    let bound = try Socket(context, server, options: serverOptions)
    let endpoint = try bound.bind(freeEndpoint)
    let connected = try Socket(self == .inproc ? context : Context(), client, options: clientOptions)
    try connected.connect(endpoint)
    return SocketPair(server: bound, client: connected, context: context, endpoint: endpoint)
  }
}

/// A bound socket and a socket connected to it.
struct SocketPair: ~Copyable {
  let server: Socket
  let client: Socket
  /// The server's context.
  let context: Context
  let endpoint: String
}

/// How long a test waits for an expected event before it fails.
let patience: Duration = .seconds(20)

extension Socket {
  /// Sends a message with one text per frame.
  @discardableResult
  borrowing func send(_ frames: String...) throws -> SendResult {
    var message = Multipart(frames)
    return try send(&message)
  }

  /// The next message as one text per frame; `nil` if there is none.
  borrowing func next() throws -> [String]? {
    var message = Multipart()
    return try receive(into: &message, timeout: patience) ? message.texts : nil
  }
}

extension Multipart {
  init(_ frames: [String]) {
    self.init()
    for frame in frames { append(Bytes(frame)) }
  }

  var texts: [String] {
    var texts: [String] = []
    for index in 0..<count { texts.append(text(at: index)) }
    return texts
  }
}
