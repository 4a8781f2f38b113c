import Foundation
import MartletCluster

// Called through a symbolic link with the name of an ipyparallel command, the program acts as that command.
let arguments = Array(CommandLine.arguments.dropFirst())
switch (CommandLine.arguments.first.map { ($0 as NSString).lastPathComponent }) ?? "martlet" {
case "ipcontroller": exit(await RoleCommand.controller.run(arguments, as: "ipcontroller"))
case "ipengine": exit(await RoleCommand.engine.run(arguments, as: "ipengine"))
case "ipcluster": exit(await IPClusterCommand.run(arguments))
default:
  if arguments.starts(with: Daemon.arguments) { exit(await Daemon.run(Array(arguments.dropFirst(2)))) }
  await MartletTool.run(arguments)
}
