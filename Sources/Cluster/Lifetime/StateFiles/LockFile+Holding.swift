import Foundation
import Logging
import MartletWire
import MartletZeroMQ

extension LockFile {
  /// Runs the body of a controller while a lock keeps others of the same cluster from starting, and shows this process to
  /// others. Where the lock's file can't be used, the body runs without.
  ///
  /// - Throws: ``ClusterError`` when another controller of the cluster runs, and what the body throws.
  static func holdingController<Output>(
    of files: ClusterFiles, logger: Logger, _ body: () async throws -> Output
  ) async throws -> Output {
    var lock: LockFile?
    do {
      let previous = try? holder(files.controllerLock)
      let since = (try? FileManager.default.attributesOfItem(atPath: files.controllerLock))?[.modificationDate] as? Date
      guard let taken = try acquire(files.controllerLock) else {
        throw ClusterError.controllerRuns(files, try? holder(files.controllerLock), since: since)
      }
      if let previous, holds(previous, files, worksHere: state(of: files.controllerLock) == .held) {
        throw ClusterError.controllerRuns(files, previous, since: since)
      }
      try taken.write(.current)
      lock = consume taken
    } catch let error as PrivateFileError {
      logger.warning(
        "martlet list may not see this controller, and another may start", metadata: [LogKey.reason: "\(error)"])
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

  /// Whether the process that a free lock names runs nevertheless: the file system has no locks, or hides those of other
  /// hosts.
  ///
  /// - Parameter worksHere: whether locks of this host's processes can be seen.
  private static func holds(_ process: ProcessReference, _ files: ClusterFiles, worksHere: Bool) -> Bool {
    switch Liveness.judge(process, lock: worksHere ? .free : .unusable("no locks")) {
    case .running: !worksHere
    case .ended: false
    case .unknown:
      // A controller that was killed on another host leaves the same traces, but it doesn't answer.
      (try? files.clientConnection.read().resolvingHost().endpoint(.registration)).map { EndpointProbe.answers($0) }
        ?? false
    }
  }
}
