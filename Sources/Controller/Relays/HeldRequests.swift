import MartletZeroMQ

/// A request for an engine that can't be reached yet.
struct HeldRequest {
  let message: HeldMessage
  let taskID: String
  /// The integer id of the engine; `nil` if it was not registered.
  var engineID: Int?
  /// When the request is answered instead of sent.
  let deadline: Instant

  /// The engine, whether or not it is registered.
  var engine: EngineIdentity { EngineIdentity(message.frames.text(at: 0)) }
}

/// The requests that wait for their engines to connect, in the order they arrived.
///
/// Each is tried on its own: whatever happens to one, the others keep their place.
struct HeldRequests {
  /// How long a request waits for a registered engine. Either the engine is about to connect, or it is gone and its
  /// missing heartbeats haven't shown that yet.
  static let patience = Duration.seconds(5)

  private var requests: [HeldRequest] = []

  /// The engines that requests wait for.
  var engines: Set<EngineIdentity> { Set(requests.lazy.map(\.engine)) }

  /// Keeps a request that could not be sent.
  ///
  /// - Returns: whether it is kept; it has to be answered otherwise.
  mutating func hold(_ request: HeldRequest, isRegistered: Bool, now: Instant) -> Bool {
    guard isRegistered, now < request.deadline else { return false }
    requests.append(request)
    return true
  }

  /// Tries to send every request once more.
  ///
  /// - Parameters:
  ///   - isRegistered: whether a request's engine is registered.
  ///   - send: sends a request and leaves it intact.
  /// - Returns: the requests that have to be answered.
  mutating func retry(
    now: Instant, isRegistered: (HeldRequest) -> Bool, send: (HeldRequest) -> SendResult?
  ) -> [HeldRequest] {
    let waiting = requests
    requests = []
    return waiting.filter { request in
      send(request) != .sent && !hold(request, isRegistered: isRegistered(request), now: now)
    }
  }
}
