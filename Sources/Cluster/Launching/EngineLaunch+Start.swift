import Foundation
import MartletWire
import MartletZeroMQ

extension EngineLaunch {
  /// Runs what is to be run. Doesn't wait for engines to start.
  ///
  /// - Parameters:
  ///   - connection: reads the engines' connection.
  ///   - grace: how long a process has to exit before it is killed.
  /// - Throws: ``OptionError`` or ``ClusterError`` when nothing can be started.
  func start(connection: () throws -> ConnectionInfo, grace: Duration) async throws -> any RunningEngines {
    if let script { try PrivateFile.write(Data(script.text.utf8), to: script.path, isDurable: false) }
    switch kind {
    case .engine, .starter:
      return LocalEngines(process: try await startProcess(connection, grace))
    case .connection(let host):
      // The log may have what an earlier engine in this place wrote.
      let size = try? FileManager.default.attributesOfItem(atPath: log)[.size] as? UInt64
      return RemoteEngine(process: try await startProcess(connection, grace), host: host, logStart: size ?? 0)
    case .container(let name, let launcher):
      return ContainerEngine(process: try await startProcess(connection, grace), name: name, launcher: launcher)
    case .job(let launcher):
      return try await BatchJob.submit(command, environment: environment, launcher: launcher, log: log)
    }
  }

  private func startProcess(
    _ connection: () throws -> ConnectionInfo, _ grace: Duration
  ) async throws -> ChildProcess {
    let input: ChildProcess.Input =
      switch input {
      case .lifeline: .lifeline
      case .connection: .secret(String(decoding: try connection().json.bytes.array, as: UTF8.self))
      case .silence: .secret("")
      case .nothing: .none
      }
    return try await ChildProcess.launch(
      command, environment: environment, input: input, log: log, grace: grace, retires: kind == .engine)
  }
}
