import MartletWire

/// The hub's answer to a registration.
struct RegistrationReply: Sendable, Hashable {
  /// The engine's number.
  let id: Int
  /// How often the hub pings.
  let heartbeatPeriod: Duration
  /// How long one request may run before the engine returns the tasks waiting behind it; `nil` when the controller
  /// can't take tasks back.
  let returnAfter: Duration?
  /// Whether the controller takes tasks back that have not begun, at any time.
  let takesBack: Bool
  /// Whether the controller understands a `retirement_request`.
  let retires: Bool
  /// Whether the controller keeps a journal, and so asks for replies again when it was restarted.
  let hasJournal: Bool
  /// The controller's addresses for clients; `nil` if it doesn't tell engines.
  let clientConnection: ConnectionInfo?
  /// The tasks whose replies the controller asks for.
  let tasks: Set<String>

  /// Reads the content of a `registration_reply`.
  ///
  /// - Throws: ``EngineRunError/Code/registrationRefused`` with the hub's reason.
  init(content: JSONValue) throws(EngineRunError) {
    guard content["status"]?.stringValue == "ok" else {
      let name = content["ename"]?.stringValue ?? "no reason given"
      let value = content["evalue"]?.stringValue ?? content["reason"]?.stringValue ?? ""
      throw EngineRunError(.registrationRefused, "the hub refused the registration: \(name) \(value)")
    }
    guard let id = content["id"]?.intValue, id >= 0, let milliseconds = content["hb_period"]?.doubleValue,
      milliseconds > 0, milliseconds < 1e9
    else {
      throw EngineRunError(.registrationRefused, "the hub's answer to the registration lacks 'id' or 'hb_period'")
    }
    self.id = id
    heartbeatPeriod = .microseconds(Int64(milliseconds * 1000))
    takesBack = content["takes_back"]?.boolValue ?? false
    retires = content["retires"]?.boolValue ?? false
    hasJournal = content["journal"]?.boolValue ?? false
    clientConnection = content["client_connection_info"].flatMap { try? ConnectionInfo(json: $0) }
    tasks = Set((content["tasks"]?.arrayValue ?? []).compactMap(\.stringValue))
    returnAfter = content["return_after"]?.intValue.flatMap { (1...60_000).contains($0) ? .milliseconds($0) : nil }
  }
}
