import Foundation
import Logging
import Martlet

/// A cluster for one measurement. The cluster the program runs in is idle meanwhile.
struct BenchCluster {
  let client: Client
  let controller: ProcessSample
  /// The engines' connection.
  let engineConnection: ConnectionInfo

  /// Starts a cluster of this program's processes in a separate profile, and removes both afterwards.
  ///
  /// - Parameters:
  ///   - engines: the number of real engines.
  ///   - arguments: the controller's arguments.
  static func with<Output: Sendable>(
    engines: Int, _ arguments: [String] = [], network: ClusterConfiguration.Network = .local,
    _ body: @Sendable (BenchCluster) async throws -> Output
  ) async throws -> Output {
    try await with([.local(engines)], arguments, network: network, body)
  }

  /// Starts a cluster of this program's processes in a separate profile, and removes both afterwards.
  ///
  /// - Parameters:
  ///   - engines: the real engines.
  ///   - arguments: the controller's arguments.
  static func with<Output: Sendable>(
    _ engines: [EngineGroup], _ arguments: [String] = [], network: ClusterConfiguration.Network = .local,
    _ body: @Sendable (BenchCluster) async throws -> Output
  ) async throws -> Output {
    try await ProfileDirectory.withTemporary { profile in
      var configuration = ClusterConfiguration(profile: profile, clusterID: "bench")
      configuration.engines = engines
      configuration.controllerArguments = arguments
      configuration.network = network
      let clusterID = configuration.clusterID
      return try await Cluster(configuration).withRunning { cluster in
        guard let pid = await cluster.controllerProcessID else { throw BenchError("the controller is gone") }
        let connection = try ConnectionFile(.engine, profileDirectory: profile.path, clusterID: clusterID).read()
        return try await Client.connect(try cluster.clientConnection()).closing { client in
          try await body(
            BenchCluster(client: client, controller: ProcessSample(pid: pid), engineConnection: connection))
        }
      }
    }
  }
}

extension ProfileDirectory {
  /// Calls a closure with a profile in a separate folder, which is removed afterwards.
  static func withTemporary<Output>(_ body: (ProfileDirectory) async throws -> Output) async throws -> Output {
    let folder = FileManager.default.temporaryDirectory.appending(path: "martlet-bench-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let profile = ProfileDirectory(path: folder.path)
    try profile.create()
    return try await body(profile)
  }
}

extension Client {
  /// Closes the client when the body has returned or thrown.
  func closing<Output>(after body: (Client) async throws -> Output) async throws -> Output {
    do {
      let output = try await body(self)
      await close()
      return output
    } catch {
      await close()
      throw error
    }
  }
}

/// A process's resources, read from `/proc`.
struct ProcessSample: Sendable {
  let pid: Int

  /// Resident memory in bytes; 0 without `/proc`.
  var residentBytes: Int {
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/statm", encoding: .ascii) else { return 0 }
    let fields = text.split(separator: " ")
    return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * Int(getpagesize())
  }

  /// Seconds of user and system processor time; 0 without `/proc`.
  var processorSeconds: Double {
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return 0 }
    // The second field is the name in parentheses; user and system time are the 14th and 15th.
    let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }
}
