import Dispatch
import Foundation
import MartletCluster
import Synchronization

/// Stops the program's cluster when the program's own code ends the process with `exit`, as ArgumentParser's
/// `parseOrExit` does: otherwise the cluster's sockets and files would be left.
enum ExitHandler {
  private static let running = Mutex<Cluster?>(nil)
  private static let registration: Void = { atexit { ExitHandler.stopCluster() } }()
  /// How long the process waits for its cluster to end.
  private static let patience = DispatchTimeInterval.seconds(10)

  /// Call it when the engines have started: handlers run in reverse, and the one that the first child process registers
  /// ends the thread that notices the ends of children.
  ///
  /// - Parameter cluster: the cluster that runs from now on; nil when it has been stopped.
  static func watch(_ cluster: Cluster?) {
    registration
    running.withLock { $0 = cluster }
  }

  private static func stopCluster() {
    guard let cluster = running.withLock({ $0.take() }) else { return }
    let end = DispatchSemaphore(value: 0)
    Task.detached {
      await cluster.stop()
      end.signal()
    }
    _ = end.wait(timeout: .now() + patience)
  }
}
