import ArgumentParser
import Foundation
import MartletCluster
import MartletWire

struct Keys: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Admit clients and engines by name, each with a key of its own.",
    discussion: """
      Without any, whoever has a connection file of the cluster is admitted. From the first one on, the controller admits \
      only named keys, besides this profile's own; if it is running, from its next start. Whatever is added or revoked \
      later counts at once. Where ssh has started the controller, the keys are in its profile there: manage them while \
      it runs.
      """,
    subcommands: [Add.self, ListKeys.self, Revoke.self])

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a key, and print the path of the connection file for its owner.",
      discussion: """
        Give the file to its owner over an encrypted channel, and remove it here: Client.connect(connectionFile:), \
        martlet engine --file. It names the addresses of the running controller; --ports or --reuse keep them. Where ssh \
        has started the controller, it is on that host: HOST:PATH.
        """)

    @Argument(help: "Letters, digits, '.', '_' and '-'.")
    var name: String

    @Flag(help: "Whether its owner connects as a client, the default, or as an engine.")
    var role = Role.client

    @OptionGroup var selection: ClusterSelection

    @OptionGroup var output: JSONOutput

    /// What a key is for.
    enum Role: String, EnumerableFlag {
      case client, engine

      var kind: ConnectionInfo.Kind { self == .client ? .client : .engine }
    }

    func run() async throws {
      let (name, role, selection, json) = (name, role.kind, selection, output.json)
      try await perform {
        guard AuthorizedKey.isName(name) else {
          throw OptionError(
            "a name has up to 64 letters, digits, '.', '_' and '-', and no '.' in front, unlike '\(name)'")
        }
        let files = try selection.files()
        if let host = files.controllerHost {
          let file = try await host.keys(["add", name, "--\(role.rawValue)"], files).split(separator: "\n").first ?? ""
          return json
            ? JSONOutput.print(["name": .string(name), "host": .string(host.name), "file": .string(String(file))])
            : print("\(host.name):\(file)")
        }
        let keys = files.authorizedKeys
        if let known = try keys.key(name), known.revoked == nil {
          throw ClusterError("there is a key of \(name) already; martlet keys revoke \(name) makes room for another")
        }
        try files.profile.create()
        let connection = try? (role == .client ? files.clientConnection : files.engineConnection).read()
        try keys.add(name, role: role, connection: connection?.curveKeys == nil ? nil : connection)
        let file = keys.connectionFile(of: name).path
        if json { JSONOutput.print(["name": .string(name), "file": .string(file)]) } else { print(file) }
        if let connection, connection.curveKeys == nil {
          RoleExit.report(
            "The running controller still admits whoever has its connection files. Start it again: then only named keys "
              + "are admitted, and the file above is complete.")
        } else if connection == nil {
          RoleExit.report("The file is complete once the controller has started.")
        }
      }
    }
  }

  struct ListKeys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List all keys, revoked ones, too.")

    @OptionGroup var selection: ClusterSelection

    @OptionGroup var output: JSONOutput

    func run() async throws {
      let (selection, json) = (selection, output.json)
      try await perform {
        let files = try selection.files()
        if let host = files.controllerHost {
          return print(try await host.keys(["list"] + (json ? ["--json"] : []), files), terminator: "")
        }
        guard files.authorizedKeys.isInUse else {
          if json { JSONOutput.print([]) }
          return RoleExit.report("No keys are admitted by name: whoever has a connection file is admitted.")
        }
        let (keys, problems) = files.authorizedKeys.read()
        let rows: [[String?]] = keys.map { key in
          [
            key.name, key.role.rawValue, key.fingerprint, Self.text(files.authorizedKeys.lastUse(of: key.name)),
            Self.text(key.revoked.map { Date(timeIntervalSince1970: $0) }),
          ]
        }
        let columns = ["NAME", "ROLE", "FINGERPRINT", "LAST SEEN", "REVOKED"]
        if json {
          JSONOutput.print(.array(rows.map { JSONOutput.object(columns, $0) }))
        } else {
          print(Table(header: columns, rows: rows.map { $0.map { $0 ?? "-" } }).text)
        }
        for problem in problems { RoleExit.report("not admitted: \(problem)") }
      }
    }

    private static func text(_ date: Date?) -> String? { date?.formatted(.iso8601) }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Admit a key no longer, and end the connections of its owner.")

    @Argument(help: "The key's name.")
    var name: String

    @OptionGroup var selection: ClusterSelection

    func run() async throws {
      let (name, selection) = (name, selection)
      try await perform {
        let files = try selection.files()
        if let host = files.controllerHost {
          _ = try await host.keys(["revoke", name], files)
          return
        }
        guard let key = try files.authorizedKeys.key(name), key.revoked == nil else {
          throw ClusterError("no key of \(name) is admitted to \(files.name): see martlet keys list")
        }
        try files.authorizedKeys.revoke(key)
      }
    }
  }
}

extension ClusterSelection {
  fileprivate func files() throws -> ClusterFiles {
    let application = try options().application
    return ClusterFiles(clusterID: application.clusterID, profile: application.profile)
  }
}

extension ClusterFiles {
  /// Where the cluster's controller runs, if it has a profile of its own there.
  fileprivate var controllerHost: ControllerHost? {
    let cluster = ClusterCatalog.cluster(clusterID, in: profile)
    return cluster?.liveness == .running ? cluster?.record?.controllerHost : nil
  }
}

extension ControllerHost {
  /// Has the controller's host run a subcommand. What it writes to its standard error is passed on.
  ///
  /// - Returns: its standard output.
  fileprivate func keys(_ arguments: [String], _ files: ClusterFiles) async throws -> String {
    let (output, notes) = try await run(["keys"] + arguments, clusterID: files.clusterID)
    for line in notes.split(separator: "\n") { RoleExit.report(String(line)) }
    return output
  }
}
