import Foundation
import Martlet

/// A cluster on this machine whose engines provide the functions in `Tests/Support/TestEngine`.
enum TestCluster {
  static func withClient(engines: Int, _ body: @escaping @Sendable (Client) async throws -> Void) async throws {
    let folder = try TemporaryFolder()
    let program = ProgramCommand(executable: try SwiftCompiler.product("martlet-test-engine"))
    var configuration = ClusterConfiguration(profile: ProfileDirectory(path: "\(folder.path)/profile_test"))
    configuration.controllerProgram = program
    configuration.engineProgram = program
    configuration.engines = [.local(engines)]
    try await Cluster(configuration).withRunning { cluster in
      try await cluster.waitForEngines()
      let client = try await Client.connect(try cluster.clientConnection())
      do {
        try await body(client)
      } catch {
        await client.close()
        throw error
      }
      await client.close()
    }
  }
}
