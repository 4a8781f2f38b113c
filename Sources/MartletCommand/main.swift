import Controller
import Foundation
import Logging
import Wire

var configuration = ControllerConfiguration()
var profile = ""
var level = Logger.Level.info
for argument in CommandLine.arguments.dropFirst() {
  let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
  switch parts[0] {
  case "--profile-dir": profile = parts[1]
  case "--ping": configuration.heartbeat.period = .milliseconds(Int(parts[1]) ?? 3000)
  case "--hwm": configuration.hwm = Int(parts[1]) ?? 1
  case "--debug": level = .debug
  default: break
  }
}
configuration.clientFile = ConnectionFile(.client, profileDirectory: profile)
configuration.engineFile = ConnectionFile(.engine, profileDirectory: profile)
var logger = Logger(label: "controller")
logger.logLevel = level
try await Controller(configuration: configuration, logger: logger).run()
