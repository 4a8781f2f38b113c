import Logging
import Wire

public struct ControllerConfiguration: Sendable {
  public var profileDirectory = ""
  public var clusterID = ""
  public var interface = "tcp://127.0.0.1"
  public init() {}
}

public final class Controller: Sendable {
  let configuration: ControllerConfiguration
  let logger: Logger

  public init(configuration: ControllerConfiguration, logger: Logger) {
    self.configuration = configuration
    self.logger = logger
  }

  public func run() async throws {
    let files = [ConnectionInfo.Kind.client, .engine].map { kind in
      (kind, ConnectionFile(kind, profileDirectory: configuration.profileDirectory, clusterID: configuration.clusterID))
    }
    for (kind, file) in files {
      var info = ConnectionInfo(kind: kind, interface: configuration.interface)
      info.ports = [.registration: [1]]
      if kind == .engine { info.ports[.heartbeatPing] = [2] }
      try file.write(info)
    }
    defer { for (_, file) in files { file.remove() } }
    logger.info("stub controller", metadata: ["interface": "\(configuration.interface)"])
    try await Task.sleep(for: .seconds(86_400))
  }
}
