import Logging
import MartletWire

extension LockFile {
  /// Runs the body while a shared lock tells others about this process. Runs it even if the lock can't be taken.
  static func holding<Output>(
    _ path: String, logger: Logger, _ body: () async throws -> Output
  ) async rethrows -> Output {
    var lock: LockFile?
    do {
      lock = try acquire(path, isShared: true)
      try lock?.write(.current)
    } catch {
      logger.warning("martlet list may not see this controller", metadata: [LogKey.reason: "\(error)"])
    }
    do {
      let output = try await body()
      lock.take()?.remove()
      return output
    } catch {
      lock.take()?.remove()
      throw error
    }
  }
}
