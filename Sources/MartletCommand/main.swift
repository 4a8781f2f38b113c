import Cluster
import Foundation

let arguments = Array(CommandLine.arguments.dropFirst())
let name = (CommandLine.arguments[0] as NSString).lastPathComponent
if name == "ipengine" {
  exit(await RoleExit.code("ipengine") { try await EngineRole.run(arguments) })
} else {
  exit(await RoleExit.code("ipcontroller") { try await ControllerRole.run(arguments.first == "controller" ? Array(arguments.dropFirst()) : arguments) })
}
