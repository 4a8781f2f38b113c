import ArgumentParser
import MartletCluster
import MartletWire

struct Profile: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List, create or locate profiles.",
    subcommands: [ListProfiles.self, Create.self, Locate.self])

  private static func json(_ profile: ProfileDirectory) -> JSONValue {
    ["name": .string(profile.name), "path": .string(profile.path)]
  }

  struct ListProfiles: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the profiles.")

    @Option(help: "The folder of the profiles.")
    var ipythonDir: String?

    @OptionGroup var output: JSONOutput

    func run() {
      let profiles = ProfileDirectory.all(in: ipythonDir ?? IPythonDirectory.path())
      if output.json {
        JSONOutput.print(.array(profiles.map(Profile.json)))
      } else {
        for profile in profiles { print("\(profile.name)\t\(profile.path)") }
      }
    }
  }

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Create a profile.")

    @OptionGroup var selection: Selection

    func run() async throws {
      let (selection, profile) = (selection, selection.profile)
      try await perform { try profile.create() }
      selection.print(profile)
    }
  }

  struct Locate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the folder of a profile.")

    @OptionGroup var selection: Selection

    func run() async throws {
      let (selection, profile) = (selection, selection.profile)
      try await perform {
        guard profile.exists else {
          throw OptionError("there is no profile \(profile.name), martlet profile create \(profile.name) makes it")
        }
      }
      selection.print(profile)
    }
  }

  /// Selects the profile of a command.
  struct Selection: ParsableArguments {
    @Argument(help: "Its name.")
    var name = "default"

    @Option(help: "The folder of the profiles.")
    var ipythonDir: String?

    @OptionGroup var output: JSONOutput

    /// Prints where a profile is.
    func print(_ profile: ProfileDirectory) {
      if output.json { JSONOutput.print(Profile.json(profile)) } else { Swift.print(profile.path) }
    }

    var profile: ProfileDirectory {
      ProfileDirectory(name: name, ipythonDirectory: ipythonDir ?? IPythonDirectory.path())
    }
  }
}
