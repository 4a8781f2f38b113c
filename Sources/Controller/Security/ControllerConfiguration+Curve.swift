import Logging
import MartletWire
import MartletZeroMQ

extension ControllerConfiguration {
  /// Decides whether there is CURVE, and with which keys.
  ///
  /// - Parameters:
  ///   - isExposed: whether other machines can reach a socket.
  ///   - authorizes: whether keys are admitted by name.
  ///   - continues: whether the controller takes the place of an earlier one, whose keys the peers know.
  /// - Returns: the keys that the controller has made; `nil` without CURVE.
  /// - Throws: ``ConnectionError`` if new keys can't be kept or CURVE is switched off where it is needed; `ENOTSUP` where
  ///   libzmq was built without CURVE.
  mutating func chooseCurve(
    isExposed: Bool, authorizes: Bool, continues: Bool, logger: Logger
  ) throws -> ControllerKeys? {
    if authorizes, usesCurve == false {
      throw ConnectionError(
        "keys are admitted by name here (martlet keys list), which needs CURVE: leave out --no-curve, or remove "
          + (authorizedKeysFolder ?? "the keys"))
    }
    guard usesCurve ?? (isExposed || authorizes) else {
      curve = nil
      return nil
    }
    // CURVE authenticates and protects against replays, so signing is redundant, as in ipyparallel.
    key = key ?? ""
    guard curve == nil || authorizes else { return nil }
    let keys = try (continues || authorizes ? earlierKeys(logger) : nil) ?? .generate()
    curve = curve ?? keys.server
    guard let path = curveFile else { return keys }
    do {
      try keys.write(to: path)
    } catch {
      throw ConnectionError("the CURVE keys can't be kept in \(path): \(error)")
    }
    return keys
  }

  private func earlierKeys(_ logger: Logger) -> ControllerKeys? {
    do {
      return try curveFile.flatMap { try ControllerKeys.read($0) }
    } catch {
      logger.error(
        "the CURVE keys of the earlier controller can't be used: its peers have to get the new connection files",
        metadata: [LogKey.reason: "\(error)"])
      return nil
    }
  }
}
