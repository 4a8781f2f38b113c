import ArgumentParser
import MartletClient
import MartletCluster
import MartletWire

struct Why: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say where a task is and what it waits for.",
    discussion: "For load-balanced tasks of a controller of Martlet's, whichever client they belong to.")

  @OptionGroup var selection: ClusterSelection

  @Argument(help: "The task's id: its msg_id, which results have.")
  var task: String

  func run() async throws {
    let (selection, task) = (selection, task)
    try await perform {
      let application = try selection.options().application
      let cluster = try ClusterCatalog.running(application.clusterID, in: application.profile, orUnknown: true)
      let client = try await Client.connect(try cluster.files.clientConnection.read())
      do {
        print("\(task): \(try await client.why(task))")
        await client.close()
      } catch {
        await client.close()
        throw error
      }
    }
  }
}
