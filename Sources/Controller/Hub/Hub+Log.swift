import Logging
import MartletWire

extension Hub {
  func log(_ line: HubLog) {
    switch line {
    case .engineRegistered(let id, let uuid):
      logger.info("engine connected", metadata: [LogKey.engineID: "\(id)", LogKey.engineUUID: "\(uuid)"])
    case .engineUnregistered(let id, let uuid):
      logger.info("engine gone", metadata: [LogKey.engineID: "\(id)", LogKey.engineUUID: "\(uuid)"])
    case .registrationRefused(let uuid, let reason):
      logger.error("registration refused", metadata: [LogKey.engineUUID: "\(uuid)", LogKey.reason: "\(reason)"])
    case .registrationStalled(let id, let uuid):
      logger.warning(
        "an engine registered but its heart never beat",
        metadata: [LogKey.engineID: "\(id)", LogKey.engineUUID: "\(uuid)"])
    case .lateHeart(let uuid, let isExpected):
      logger.log(
        level: isExpected ? .debug : .info, "ignoring the heart of an unknown engine",
        metadata: [LogKey.engineUUID: "\(uuid)"])
    case .recordsDropped(let total):
      logger.warning("the task store lags, messages were not recorded", metadata: [LogKey.count: "\(total)"])
    case .requestsForgotten(let count):
      logger.warning("the hub lagged and has forgotten pending requests", metadata: [LogKey.count: "\(count)"])
    case .requestFailed(let type, let reason):
      logger.warning(
        "a request failed", metadata: [LogKey.messageType: "\(type)", LogKey.reason: "\(reason)"])
    }
  }
}
