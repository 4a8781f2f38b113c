import ArgumentParser
import MartletClient
import MartletCluster
import MartletWire

/// Selects a running cluster that a command connects to.
struct RunningCluster: ParsableArguments {
  @OptionGroup var selection: ClusterSelection

  @Option(
    help: """
      Connect through this host, user@login or user@login:port, by OpenSSH. The profile needs a copy of the cluster's \
      connection file, ipcontroller-client.json, in its folder security.
      """)
  var ssh: String?

  /// Connects to the cluster.
  func connect(configuration: ClientConfiguration = ClientConfiguration()) async throws -> Client {
    let application = try selection.options().application
    let files: ClusterFiles
    if ssh == nil {
      files = try ClusterCatalog.running(application.clusterID, in: application.profile, orUnknown: true).files
    } else {
      // Nothing here shows whether it runs.
      files = ClusterFiles(clusterID: application.clusterID, profile: application.profile)
    }
    return try await Client.connect(try files.clientConnection.read(), ssh: ssh, configuration: configuration)
  }
}
