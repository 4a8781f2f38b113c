import Foundation
import Martlet
import Testing

/// A program that lets ArgumentParser read its arguments, run as a process in a profile of its own.
@Suite(.timeLimit(.minutes(2))) struct ClusterCommandTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func itsOptionsAreRead() throws {
    let end = try run("--engines", "1", "--number", "21")
    #expect(end == End(status: 0, output: "42\n", errors: ""))
    #expect(try leftovers() == [])
  }

  @Test func helpShowsBothKindsOfOptionsAndStartsNothing() throws {
    let end = try run("--help")
    #expect(end.status == 0 && end.errors == "")
    #expect(end.output.contains("USAGE: command-program") && end.output.contains("The number to double."))
    #expect(end.output.contains("CLUSTER OPTIONS:") && end.output.contains("--engines"))
    #expect(try leftovers() == [])
  }

  @Test(arguments: [["--number", "large"], ["--bogus"], ["--number=-1"], ["stray"]])
  func unusableArgumentsAreRefusedBeforeAClusterStarts(arguments: [String]) throws {
    let end = try run(arguments)
    #expect(end.status == 2 && end.output.isEmpty)
    #expect(end.errors.hasPrefix("Error: ") && end.errors.contains("Usage: command-program"))
    #expect(try leftovers() == [])
  }

  @Test func aRequestForHelpIsNoErrorInTheMidstOfTheWork() throws {
    let end = try run("--engines", "1", "--helps")
    #expect(end.status == 0 && end.errors == "")
    #expect(end.output.contains("USAGE: ") && end.output.contains("CLUSTER OPTIONS:"))
    #expect(try leftovers() == [])
  }

  private static let endings: [(String, Int32)] = [
    ("--exit-code=0", 0), ("--exit-code=3", 3), ("--parses", 64), ("--throws-code", 7),
  ]

  @Test(arguments: endings)
  func aProgramThatEndsTheProcessLeavesNothing(argument: String, status: Int32) throws {
    let end = try run("--engines", "1", argument)
    #expect(end.status == status && end.output == "2\n")
    #expect(try leftovers() == [])
  }

  /// How a program that is not a command has its arguments read: `parse` throws, `parseOrExit` ends the process.
  private static let parsings = ["parse", "parseOrExit"]

  /// Runs it on a cluster of its own.
  ///
  /// - Returns: its end, without the first line of its output, which tells where the cluster's sockets were.
  private func runPlain(_ parsing: String, _ arguments: String...) throws -> End {
    var end = try run(["--engines", "1"] + arguments, ["PLAIN_PROGRAM": parsing])
    let lines = end.output.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
    let sockets = URL(fileURLWithPath: try #require(String(lines[0]).wholeMatch(of: /ipc:\/\/(\/.+)/)?.1).description)
    #expect(!FileManager.default.fileExists(atPath: sockets.deletingLastPathComponent().path))
    #expect(try leftovers() == [])
    end.output = lines.count > 1 ? String(lines[1]) : ""
    return end
  }

  @Test(arguments: parsings) func aPlainProgramMayReadItsArguments(parsing: String) throws {
    #expect(try runPlain(parsing, "--number", "21") == End(status: 0, output: "42\n", errors: ""))
  }

  @Test(arguments: parsings) func aPlainProgramMayShowHelp(parsing: String) throws {
    let end = try runPlain(parsing, "--help")
    #expect(end.status == 0 && end.errors == "")
    #expect(end.output.hasPrefix("USAGE: ") && !end.output.contains("helpRequested"))
    // Help that is thrown is completed, and one that parseOrExit prints is ArgumentParser's own.
    #expect(end.output.contains("CLUSTER OPTIONS:") == (parsing == "parse"))
    #expect(parsing == "parse" || end.output.contains("The number to double."))
  }

  @Test(arguments: parsings) func aPlainProgramMayRefuseItsArguments(parsing: String) throws {
    let end = try runPlain(parsing, "--number", "large")
    #expect(end.status == (parsing == "parse" ? 2 : 64) && end.output.isEmpty)
    #expect(end.errors.hasPrefix("Error: ") && end.errors.contains("--number"))
  }

  /// The program installs a backend of swift-log in its own process and in that of its engine.
  @Test func theProgramPreparesAnEngineAndCleansUp() throws {
    let farewell = "\(folder.path)/farewell"
    let end = try run(["--engines", "1", "--logs"], ["COMMAND_PROGRAM_FAREWELL": farewell])
    #expect(end == End(status: 0, output: "engine.0\n2\n", errors: ""))
    #expect(try String(contentsOfFile: farewell, encoding: .utf8) == "engine 0 stops")
    #expect(try leftovers() == [])
  }

  /// The program installs a tracer in its own process and, before the first task, in that of its engine.
  @Test func theTraceOfACallGoesOnInTheEngine() throws {
    let end = try run("--engines", "1", "--traces")
    #expect(end == End(status: 0, output: "client-trace-1 engine-span-2 engine-span-1\n2\n", errors: ""))
  }

  @Test func anEngineThatCanNotBePreparedSaysWhy() throws {
    let end = try run(["--engines", "1"], ["COMMAND_PROGRAM_FAILURE": "no model in /models"])
    #expect(end.status == 1 && end.output.isEmpty)
    #expect(end.errors.contains("engineStarted has failed on engine 0: no model in /models"))
    // The logs that the error names are kept.
    #expect(try leftovers().allSatisfy { "/\($0)".contains("/log/") })
  }

  private struct End: Equatable {
    var status: Int32
    var output: String
    var errors: String
  }

  private func run(_ arguments: String...) throws -> End { try run(arguments) }

  private func run(_ arguments: [String], _ variables: [String: String] = [:]) throws -> End {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try SwiftCompiler.product("command-program"))
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(["IPYTHONDIR": folder.path]) { $1 }
      .merging(variables) { $1 }
    let (output, errors) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, errors)
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return End(status: process.terminationStatus, output: text, errors: complaint)
  }

  /// The files of clusters in the program's profile.
  private func leftovers() throws -> [String] {
    let files = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
    return files.filter { file in
      ["/security/", "/pid/", "/log/"].contains { "/\(file)".contains($0) }
    }
  }
}
