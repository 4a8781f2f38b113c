/// Events that the hub writes to its log.
enum HubLog {
  case engineRegistered(id: Int, uuid: String)
  case engineUnregistered(id: Int, uuid: String, EngineDeparture)
  case registrationRefused(uuid: String, reason: String)
  case registrationStalled(id: Int, uuid: String)
  case lateHeart(uuid: String, isExpected: Bool)
  /// An engine that is not registered was told what to do.
  case strayHeart(uuid: String, StrayHearts.Order)
  case requestFailed(type: String, reason: String)
  /// The task store's queue is full; `total` requests or results were not recorded since the hub started.
  case recordsDropped(total: Int)
  case daskStarted(address: String)
  case daskEnded(status: String)
  /// The hub missed the ends of tasks and has forgotten this many requests.
  case requestsForgotten(count: Int)
}
