import ArgumentParser
import MartletClient
import MartletWire

struct Why: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say where a task is and what it waits for.",
    discussion: "For load-balanced tasks of a controller of Martlet's, whichever client they belong to.")

  @OptionGroup var cluster: RunningCluster

  @Argument(help: "The task's id: its msg_id, which results have.")
  var task: String

  func run() async throws {
    let (cluster, task) = (cluster, task)
    try await perform {
      let client = try await cluster.connect()
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
