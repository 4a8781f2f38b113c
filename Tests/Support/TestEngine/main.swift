import Engine
import Foundation
import Logging
import ServiceLifecycle
import Wire
import ZeroMQ

let handler = DescriptorLogHandler.duplicatingStandardError()
LoggingSystem.bootstrap { _ in handler }
let arguments = TestEngineArguments(CommandLine.arguments.dropFirst(), environment: ProcessInfo.processInfo.environment)
do {
  var configuration = EngineConfiguration(connection: try arguments.connection())
  configuration.requestedID = arguments.requestedID
  configuration.curveKeys = arguments.curveKeys
  let logger = Logger(label: "martlet-test-engine")
  let engine = try Engine(configuration: configuration, functions: TestFunctions.all, logger: logger)
  let group = ServiceGroup(
    configuration: ServiceGroupConfiguration(
      services: [.init(service: engine, successTerminationBehavior: .gracefullyShutdownGroup)],
      gracefulShutdownSignals: [.sigterm], logger: logger))
  try await group.run()
  // A function that still runs does not keep the process.
  exit(0)
} catch {
  Logger(label: "martlet-test-engine").critical("\(error)")
  exit(1)
}
