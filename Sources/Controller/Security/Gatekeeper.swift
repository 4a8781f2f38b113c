import Foundation
import Logging
import MartletWire
import MartletZeroMQ

/// Admits peers by their keys: answers libzmq's questions during handshakes, watches the folder of authorized keys, and has
/// connections ended whose key was revoked.
actor Gatekeeper: EventLoopActor {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  /// The keys admitted now.
  nonisolated let admission: CurrentAdmission
  private let authorized: AuthorizedKeys
  /// The keys in the controller's own connection files.
  private let own: [AuthorizedKey]
  private let questions: Socket
  private let logger: Logger
  private var connections: ConnectionWatch?
  private var tokens: [EventLoop.Token] = []
  private var timer: EventLoop.Token?
  private var incoming = Multipart()
  private var version: Int?
  private var problems: [String] = []
  private var lastUses: [String: Instant] = [:]
  private var refused = LogThrottle()
  private var malformed = LogThrottle()

  /// The pause between looks at the folder.
  private static let lookInterval = Duration.milliseconds(200)
  /// A change this recent may be followed by one in the same tick of the file system's clock, in seconds.
  private static let clockTick = 1.0
  /// The most questions answered in one turn, so that hearts on the same loop beat on.
  private static let batch = 64
  /// How often the use of a key is noted on disk.
  private static let useInterval = Duration.seconds(60)

  /// Whom a controller admits.
  struct Plan: Sendable {
    let authorized: AuthorizedKeys
    let own: [AuthorizedKey]
  }

  /// Opens the socket for libzmq's questions. Sockets that are bound before admit everybody.
  ///
  /// - Throws: `EADDRINUSE` if another controller of the context has one.
  init(_ plan: Plan, context: Context, loop: EventLoop, logger: Logger) throws(ZeroMQError) {
    (authorized, own) = (plan.authorized, plan.own)
    var options = SocketOptions()
    options.linger = .zero
    questions = try Socket(context, .router, options: options)
    try questions.bind(AuthenticationRequest.endpoint)
    self.loop = loop
    self.logger = logger
    version = authorized.version
    let (keys, problems) = authorized.read()
    admission = CurrentAdmission(KeyAdmission(keys + plan.own))
    self.problems = problems
  }

  func start(_ connections: ConnectionWatch) {
    self.connections = connections
    logProblems()
    tokens = [onReadable(questions) { $0.answerQuestions() }]
    look()
  }

  func stop() {
    for token in tokens { loop.cancel(token) }
    if let timer { loop.cancel(timer) }
    connections = nil
  }

  // MARK: - Handshakes

  private func answerQuestions() {
    var left = Self.batch
    while left > 0, (try? questions.receive(into: &incoming)) == true {
      left -= 1
      do throws(WireError) {
        let request = try AuthenticationRequest(incoming)
        var answer = request.answer(isAdmitted: isAdmitted(request))
        _ = try? questions.send(&answer)
      } catch {
        malformed.log(
          .error, "a question about a peer can't be answered", to: logger, metadata: [LogKey.reason: "\(error)"])
      }
    }
  }

  private func isAdmitted(_ request: AuthenticationRequest) -> Bool {
    do throws(KeyAdmission.Refusal) {
      guard let domain = EndpointBinder.AuthenticationDomain(rawValue: request.domain) else { throw .unknown }
      // It may have been added a moment ago, and libzmq's peers don't come again after a refusal.
      if admission.role(of: request.key) == nil { readChanges() }
      noteUse(of: try admission.value.judge(request.key, for: domain.side))
      return true
    } catch {
      refused.log(
        .warning, "a peer was refused because of its key: \(error)", to: logger,
        metadata: [LogKey.socket: "\(request.domain)", LogKey.endpoint: "\(request.address)"])
      return false
    }
  }

  private func noteUse(of key: AuthorizedKey) {
    let now = Instant.now
    guard !own.contains(key), lastUses[key.name].map({ now - $0 > Self.useInterval }) ?? true else { return }
    lastUses[key.name] = now
    authorized.noteUse(of: key.name, at: Date())
  }

  // MARK: - Changes

  private func look() {
    timer = schedule(at: .now + Self.lookInterval) { $0.look() }
    readChanges()
  }

  private func readChanges() {
    let found = authorized.version
    let isRecent = found.map { abs(Date().timeIntervalSince1970 - Double($0) / 1e9) < Self.clockTick } ?? false
    guard found != version || isRecent else { return }
    version = found
    let (keys, problems) = authorized.read()
    if problems != self.problems {
      self.problems = problems
      logProblems()
    }
    guard admission.replace(KeyAdmission(keys + own)) else { return }
    logger.notice("a key was revoked: the connections of its owner are ended")
    connections?.endRevoked(admission)
  }

  private func logProblems() {
    for problem in problems.prefix(LogThrottle.burst) {
      logger.error("a key can't be read and is not admitted", metadata: [LogKey.reason: "\(problem)"])
    }
  }
}
