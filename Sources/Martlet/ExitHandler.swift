import Dispatch
import Foundation
import MartletClient
import MartletCluster
import Synchronization

/// Stops the program's cluster when the program's own code ends the process with `exit`, as ArgumentParser's
/// `parseOrExit` does: otherwise the cluster's sockets and files would be left.
enum ExitHandler {
  private static let running = Mutex<(cluster: Cluster, client: Client?)?>(nil)
  private static let registration: Void = { atexit { ExitHandler.stopCluster() } }()
  /// How long the process waits for its cluster to end.
  private static let patience = DispatchTimeInterval.seconds(10)

  /// Call it when the engines have started: handlers run in reverse, and the one that the first child process registers
  /// ends the thread that notices the ends of children.
  ///
  /// - Parameters:
  ///   - cluster: the cluster that runs from now on; nil when it has been stopped.
  ///   - client: the program's client, which would miss its controller.
  static func watch(_ cluster: Cluster?, _ client: Client? = nil) {
    registration
    running.withLock { running in running = cluster.map { ($0, client) } }
  }

  private static func stopCluster() {
    guard let (cluster, client) = running.withLock({ $0.take() }) else { return }
    let end = DispatchSemaphore(value: 0)
    Task.detached {
      await client?.close()
      await cluster.stop()
      end.signal()
    }
    _ = end.wait(timeout: .now() + patience)
  }
}
