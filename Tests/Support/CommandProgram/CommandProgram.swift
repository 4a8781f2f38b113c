import ArgumentParser
import Foundation
import InMemoryTracing
import Logging
import Martlet
import Tracing

/// A program whose command line ArgumentParser reads, and which ends in each way that such a program may.
struct CommandProgram: ClusterCommand {
  static let configuration = CommandConfiguration(commandName: "command-program")
  static let functions: [any RemoteCallable] = [double, loggersEngine, currentTrace]
  private static let double = RemoteFunction("double") { (number: Int) in 2 * number }
  /// Whose log a function's own logger writes to.
  private static let loggersEngine = RemoteFunction("loggersEngine") {
    Logger(label: "function")[metadataKey: "martlet.engine"].map { "\($0)" } ?? "none"
  }

  /// The trace to which a call belongs, and the function's own span within it.
  private static let currentTrace = RemoteFunction("currentTrace") {
    InstrumentationSystem.tracer.withSpan("own") { span in
      let trace = span.context.inMemorySpanContext
      return [trace?.traceID, trace?.spanID, trace?.parentSpanID].map { $0 ?? "none" }.joined(separator: " ")
    }
  }

  @Option(help: "The number to double.") var number = 1
  @Option(help: "The exit code with which the program's own code ends the process.") var exitCode: Int32?
  @Flag(help: "Say whose log a function's own logger writes to.") var logs = false
  @Flag(help: "Say to which trace a function's call belongs.") var traces = false
  @Flag(help: "Have another parser end the process, in the midst of the work.") var parses = false
  @Flag(help: "Throw another parser's request for help, in the midst of the work.") var helps = false
  @Flag(help: "Throw ArgumentParser's own exit code 7.") var throwsCode = false

  private struct Other: ParsableArguments {
    @Option var size: Int
  }

  func validate() throws {
    guard number >= 0 else { throw ValidationError("a negative number") }
  }

  static func engineStarted(_ context: EngineContext) async throws {
    if let reason = ProcessInfo.processInfo.environment["COMMAND_PROGRAM_FAILURE"] {
      throw ValidationError(reason)
    }
    LoggingSystem.bootstrap { _ in context.logger.handler }
    InstrumentationSystem.bootstrap(tracer(named: "engine"))
  }

  static func engineWillStop(_ context: EngineContext) async {
    guard let path = ProcessInfo.processInfo.environment["COMMAND_PROGRAM_FAREWELL"] else { return }
    try? Data("engine \(context.engineID) stops".utf8).write(to: URL(fileURLWithPath: path))
  }

  /// A tracer whose ids say where they are from.
  private static func tracer(named name: String) -> InMemoryTracer {
    let ids = InMemoryTracer.IDGenerator.incrementing
    return InMemoryTracer(
      idGenerator: .init(nextTraceID: { "\(name)-\(ids.nextTraceID())" }, nextSpanID: { "\(name)-\(ids.nextSpanID())" })
    )
  }

  mutating func run(_ client: Client) async throws {
    LoggingSystem.bootstrap { SwiftLogNoOpLogHandler($0) }
    InstrumentationSystem.bootstrap(Self.tracer(named: "client"))
    if traces { print(try await client.loadBalanced().apply(Self.currentTrace).value) }
    if logs { print(try await client.loadBalanced().apply(Self.loggersEngine).value) }
    print(try await client.loadBalanced().apply(Self.double, number).value)
    if let exitCode { Foundation.exit(exitCode) }
    if parses { _ = Other.parseOrExit(["--size", "large"]) }
    if helps { _ = try Other.parse(["--help"]) }
    if throwsCode { throw ExitCode(7) }
  }
}
