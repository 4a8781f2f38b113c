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

  @OptionGroup var output: JSONOutput

  func run() async throws {
    let (cluster, task, json) = (cluster, task, output.json)
    try await perform {
      let client = try await cluster.connect()
      do {
        let why = try await client.why(task)
        if json {
          JSONOutput.print(["task": .string(task), "why": .string(why)])
        } else {
          print("\(task): \(why)")
        }
        await client.close()
      } catch {
        await client.close()
        throw error
      }
    }
  }
}
