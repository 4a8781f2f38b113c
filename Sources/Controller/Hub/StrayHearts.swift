import MartletWire

/// The hearts that beat although their engines are not registered, and what to tell these engines.
///
/// Such an engine was given up while it was stopped or cut off, or beat for an earlier controller. Nobody has told it,
/// so it would live on without ever getting work. An engine that can is asked to register again, any other one to end,
/// and so is one that goes on without registering.
///
/// Beats are not signed: whoever beats in the name of an engine achieves no more than that an unregistered engine learns
/// that it is not registered. The number of hearts is limited.
struct StrayHearts {
  /// What an engine is told to do.
  enum Order: Sendable, Equatable {
    /// To register again, under its uuid.
    case reregister
    /// To end.
    case shutDown
  }

  private struct Heart {
    /// When it was unregistered, or beat first.
    let since: Instant
    /// Whether the engine registers again when asked to; nil if that is unknown.
    let reregisters: Bool?
    var lastBeat: Instant
    /// When the engine was first asked to register.
    var asked: Instant?
    var lastOrder: Instant?

    /// What to tell the engine now, if anything.
    func order(at now: Instant) -> Order? {
      if let asked, now - asked >= StrayHearts.registrationTime { return .shutDown }
      let order: Order = reregisters == false ? .shutDown : .reregister
      guard let lastOrder else { return order }
      return now - lastOrder >= (order == .shutDown ? StrayHearts.registrationTime : StrayHearts.pause) ? order : nil
    }
  }

  private var hearts: [String: Heart] = [:]
  private var lastSweep: Instant?

  var count: Int { hearts.count }

  /// The most hearts that are known at a time; further ones are ignored.
  static let limit = 4096
  /// An engine that is leaving may beat that long.
  static let leavingTime = Duration.seconds(1)
  /// The time that an engine has to register again.
  static let registrationTime = Duration.seconds(10)
  /// The time between two requests to register.
  static let pause = Duration.seconds(3)
  /// A heart that hasn't beaten for that long makes room for others.
  private static let silence = Duration.seconds(60)

  /// Notes that an engine was unregistered. It may live, and not know.
  mutating func left(_ uuid: String, reregisters: Bool, at now: Instant) {
    guard makeRoom(for: uuid, now: now) else { return }
    hearts[uuid] = Heart(since: now, reregisters: reregisters, lastBeat: now)
  }

  /// Notes that an engine has asked to be registered.
  mutating func forget(_ uuid: String) { hearts[uuid] = nil }

  /// Handles a beat of an engine that is not registered.
  ///
  /// - Returns: what to tell the engine, if anything.
  mutating func beat(of uuid: String, at now: Instant) -> Order? {
    guard var heart = hearts[uuid] else {
      if makeRoom(for: uuid, now: now) { hearts[uuid] = Heart(since: now, reregisters: nil, lastBeat: now) }
      return nil
    }
    defer { hearts[uuid] = heart }
    heart.lastBeat = now
    guard now - heart.since >= Self.leavingTime else { return nil }
    guard let order = heart.order(at: now) else { return nil }
    heart.lastOrder = now
    heart.asked = order == .reregister ? heart.asked ?? now : nil
    return order
  }

  private mutating func makeRoom(for uuid: String, now: Instant) -> Bool {
    guard hearts.count >= Self.limit, hearts[uuid] == nil else { return true }
    guard lastSweep.map({ now - $0 >= Self.leavingTime }) ?? true else { return false }
    lastSweep = now
    hearts = hearts.filter { now - $0.value.lastBeat < Self.silence }
    return hearts.count < Self.limit
  }
}

extension StrayHearts.Order {
  var messageType: String { self == .reregister ? MessageType.reregisterRequest : MessageType.shutdownRequest }
  var content: JSONValue { self == .reregister ? [:] : ["restart": false] }
}
