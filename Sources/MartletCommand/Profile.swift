import ArgumentParser
import MartletCluster
import MartletWire

struct Profile: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List, create or locate profiles.",
    subcommands: [ListProfiles.self, Create.self, Locate.self])

  struct ListProfiles: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the profiles.")

    @Option(help: "The folder of the profiles.")
    var ipythonDir: String?

    func run() {
      let directory = ipythonDir ?? IPythonDirectory.path()
      for profile in ProfileDirectory.all(in: directory) { print("\(profile.name)\t\(profile.path)") }
    }
  }

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Create a profile.")

    @OptionGroup var selection: Selection

    func run() async throws {
      let profile = selection.profile
      try await perform { try profile.create() }
      print(profile.path)
    }
  }

  struct Locate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the folder of a profile.")

    @OptionGroup var selection: Selection

    func run() async throws {
      let profile = selection.profile
      try await perform {
        guard profile.exists else {
          throw OptionError("there is no profile \(profile.name), martlet profile create \(profile.name) makes it")
        }
      }
      print(profile.path)
    }
  }

  /// Selects the profile of a command.
  struct Selection: ParsableArguments {
    @Argument(help: "Its name.")
    var name = "default"

    @Option(help: "The folder of the profiles.")
    var ipythonDir: String?

    var profile: ProfileDirectory {
      ProfileDirectory(name: name, ipythonDirectory: ipythonDir ?? IPythonDirectory.path())
    }
  }
}
