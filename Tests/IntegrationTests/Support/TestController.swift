import Foundation
import Logging
import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

/// Tests of complete controllers. They run serially because some count the process's descriptors and threads.
@Suite(.serialized, .timeLimit(.minutes(3))) struct IntegrationTests {}

/// The transport between the peers and the controller.
enum Transport: String, CaseIterable, Sendable {
  case inproc, ipc, tcp, curve
}

/// A controller that runs in this process for the duration of a test.
struct TestController: Sendable {
  let controller: Controller
  let context: Context
  let directory: String

  var client: ConnectionInfo { controller.clientConnection }
  var engine: ConnectionInfo { controller.engineConnection }

  /// An unused path for temporary files, short enough for sockets.
  static var newPath: String { NSTemporaryDirectory() + "m\(UInt32.random(in: 0 ... .max))" }

  /// Runs a controller with its files and sockets in a new directory.
  static func run(
    _ transport: Transport, logger: Logger = quiet, _ configure: (inout ControllerConfiguration) -> Void = { _ in },
    _ body: (TestController) async throws -> Void
  ) async throws {
    let directory = newPath
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    var configuration = try configuration(transport, in: directory)
    configure(&configuration)
    let context = try Context()
    let controller = try Controller(configuration: configuration, context: context, logger: logger)
    let test = TestController(controller: controller, context: context, directory: directory)
    async let running: Void = controller.run()
    do {
      try await body(test)
    } catch {
      controller.stop()
      try await running
      throw error
    }
    controller.stop()
    try await running
  }

  static func configuration(_ transport: Transport, in directory: String) throws -> ControllerConfiguration {
    var configuration = ControllerConfiguration()
    switch transport {
    case .inproc: configuration.clients = .init(transport: "inproc", ip: directory)
    case .ipc: configuration.clients = .init(transport: "ipc", ip: directory + "/s")
    case .tcp: break
    case .curve:
      configuration.usesCurve = true
      configuration.key = ""
    }
    configuration.engines = configuration.clients
    configuration.clientFile = ConnectionFile(path: directory + "/security/client.json")
    configuration.engineFile = ConnectionFile(path: directory + "/security/engine.json")
    return configuration
  }

  /// A logger for critical errors only.
  static var quiet: Logger {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
  }
}

/// An event did not happen in time.
struct TimedOut: Error {
  let what: String
}

/// Evaluates a condition until it holds. Each evaluation involves another thread, so this doesn't spin.
func wait(_ what: String, until condition: () async throws -> Bool) async throws {
  let deadline = ContinuousClock.now + .seconds(30)
  while try await !condition() {
    guard ContinuousClock.now < deadline else { throw TimedOut(what: what) }
    await Task.yield()
  }
}
