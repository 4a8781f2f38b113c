import Logging
import MartletWire

/// Writes what the hub's state has to say to the log; lines that peers can cause at a limited rate.
struct HubLogWriter {
  private let logger: Logger
  private var failedRequests = LogThrottle()
  private var refusedRegistrations = LogThrottle()
  private var stalledRegistrations = LogThrottle()
  private var unknownHearts = LogThrottle()
  private var strayHearts = LogThrottle()

  init(_ logger: Logger) { self.logger = logger }

  mutating func write(_ line: HubLog) {
    switch line {
    case .engineRegistered(let id, let uuid):
      logger.info("engine connected", metadata: [LogKey.engineID: "\(id)", LogKey.engineUUID: "\(uuid)"])
    case .engineUnregistered(let id, let uuid, let departure):
      logger.info(
        "engine gone",
        metadata: [
          LogKey.engineID: "\(id)", LogKey.engineUUID: "\(uuid)", LogKey.reason: "\(departure.text)",
        ])
    case .registrationRefused(let uuid, let reason):
      refusedRegistrations.log(
        .error, "registration refused", to: logger,
        metadata: [LogKey.engineUUID: "\(uuid)", LogKey.reason: "\(reason)"])
    case .registrationStalled(let id, let uuid):
      stalledRegistrations.log(
        .warning, "an engine registered but its heart never beat", to: logger,
        metadata: [LogKey.engineID: "\(id)", LogKey.engineUUID: "\(uuid)"])
    case .lateHeart(let uuid, let isExpected):
      unknownHearts.log(
        isExpected ? .debug : .info, "ignoring the heart of an unknown engine", to: logger,
        metadata: [LogKey.engineUUID: "\(uuid)"])
    case .strayHeart(let uuid, let order):
      strayHearts.log(
        .info, "an engine beats but is not registered: sent \(order.messageType)", to: logger,
        metadata: [LogKey.engineUUID: "\(uuid)"])
    case .recordsDropped(let total):
      logger.warning("the task store lags, messages were not recorded", metadata: [LogKey.count: "\(total)"])
    case .daskStarted(let address):
      logger.info("Dask's scheduler runs", metadata: [LogKey.endpoint: "\(address)"])
    case .daskEnded(let status):
      logger.info("Dask's scheduler has ended", metadata: [LogKey.reason: "\(status)"])
    case .requestsForgotten(let count):
      logger.warning("the hub lagged and has forgotten pending requests", metadata: [LogKey.count: "\(count)"])
    case .requestFailed(let type, let reason):
      failedRequests.log(
        .warning, "a request failed", to: logger, metadata: [LogKey.messageType: "\(type)", LogKey.reason: "\(reason)"])
    }
  }
}
