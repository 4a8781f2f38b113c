import Logging
import MartletWire
import MartletZeroMQ

extension ControllerConfiguration {
  /// Decides whether there is CURVE, and with which keys.
  ///
  /// - Parameters:
  ///   - isExposed: whether other machines can reach a socket.
  ///   - continues: whether the controller takes the place of an earlier one, whose keys the peers know.
  /// - Throws: ``ConnectionError`` if new keys can't be kept, `ENOTSUP` where libzmq was built without CURVE.
  mutating func chooseCurve(isExposed: Bool, continues: Bool, logger: Logger) throws {
    guard usesCurve ?? isExposed else {
      curve = nil
      return
    }
    // CURVE authenticates and protects against replays, so signing is redundant, as in ipyparallel.
    key = key ?? ""
    guard curve == nil else { return }
    let keys = try (continues ? earlierKeys(logger) : nil) ?? .generate()
    curve = keys.server
    guard let path = curveFile else { return }
    do {
      try keys.write(to: path)
    } catch {
      throw ConnectionError("the CURVE keys can't be kept in \(path): \(error)")
    }
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
