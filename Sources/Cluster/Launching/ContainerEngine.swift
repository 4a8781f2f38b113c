/// An engine in a container, and the `docker run` that connects it with this process.
struct ContainerEngine: RunningEngines {
  let process: ChildProcess
  /// The container's name.
  let name: String
  let launcher: DockerLauncher

  var log: String { process.log }
  var kind: String { "container \(name)" }
  var status: ExitStatus { get async { DockerLauncher.status(await process.status) } }
  var delay: String? { nil }

  func stop() async -> ExitStatus {
    await process.stop()
    // One that ignored the end of its input outlives the command. Usually there is none any more.
    _ = try? await CommandOutput.read(launcher.removal(of: [name]))
    return await status
  }

  func entry(engines: Int) -> ClusterRecord.Entry {
    .process(.init(pid: process.pid, log: log, engines: engines, container: name))
  }
}
