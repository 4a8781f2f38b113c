import Foundation
import MartletWire
import MartletZeroMQ

extension KnownCluster {
  /// Asks the process that holds the cluster.
  ///
  /// - Returns: the groups of engines, afterwards.
  /// - Throws: ``ClusterError`` with the answer if that is an error, or when there is nobody to ask.
  package func ask(_ request: ControlRequest) async throws -> [EngineGroupStatus] {
    guard origin == .martlet, let process else {
      throw ClusterError("\(files.name) was not started by martlet, so its engines are up to what started it")
    }
    guard process.isReachable, let folder = record?.socketDirectory else {
      throw ClusterError(
        "\(files.name) is held by a process that can't be reached from here: ask on \(process.host.name)")
    }
    let answer = try await withCheckedThrowingContinuation { continuation in
      // The wait needs a thread of its own: other work needs those of pools.
      Thread.detachNewThread {
        continuation.resume(
          with: Result {
            try Self.exchange(request.json.bytes, SocketDirectory.control(in: folder)) { process.isReachable }
          })
      }
    }
    guard answer["status"]?.stringValue == "ok" else {
      throw ClusterError(answer["evalue"]?.stringValue ?? "the cluster has given no reason")
    }
    var groups: [EngineGroupStatus] = []
    for group in answer["groups"]?.arrayValue ?? [] { groups.append(try EngineGroupStatus(json: group)) }
    return groups
  }

  /// Sends a request and waits for the answer, for as long as there is somebody to give it.
  static func exchange(_ request: Bytes, _ endpoint: String, while isThere: () -> Bool) throws -> JSONValue {
    let context = try Context()
    var options = SocketOptions()
    options.linger = .zero
    let socket = try Socket(context, .dealer, options: options)
    try socket.connect(endpoint)
    var message = Multipart()
    message.append(request)
    try socket.send(&message)
    while isThere() {
      if try socket.receive(into: &message, timeout: .milliseconds(500)) {
        return try JSONValue.parse(message.shared(0))
      }
    }
    throw ClusterError("the cluster has ended")
  }
}
