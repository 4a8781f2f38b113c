import MartletWire
import Testing

@testable import MartletCluster

@Suite struct DockerLauncherTests {
  private func context(hasLocation: Bool = false) -> LaunchContext {
    LaunchContext(
      profile: ProfileDirectory(path: "/p"), clusterID: "c", set: "1", program: ProgramCommand(executable: "/bin/m"),
      arguments: ["--no-python"], hasLocation: hasLocation)
  }

  private let labels = "--label martlet.cluster-id=c --label martlet.profile-dir=/p"

  @Test func connectionComesByStandardInput() throws {
    var group = EngineGroup.docker(2)
    group.environment = ["SECRET": "x"]
    let launch = try group.launch(1, in: context()) { "ID" }
    #expect(launch.kind == .container("martlet-ID", DockerLauncher()) && launch.input == .connection)
    #expect(launch.uuids == ["ID"] && launch.log == "/p/log/ipengine-c-1-1.log")
    // Docker takes the values from its own environment.
    #expect(launch.environment == ["SECRET": "x", "MARTLET_ENGINE_UUID": "ID"])
    #expect(
      ([launch.command.executable] + launch.command.arguments).joined(separator: " ")
        == "docker run --rm --interactive --name martlet-ID \(labels) --add-host host.docker.internal:host-gateway "
        + "--env MARTLET_ENGINE_UUID --env SECRET martlet engine --file=- --location=host.docker.internal --no-python")
    #expect(launch.text.hasSuffix("\n# standard input: the content of the engines' connection file"))
    #expect(group.launchCount == 2 && group.engineCount == 2 && group.launcher.leavesThisMachine)
  }

  @Test func optionsOfDockerAndAProgram() throws {
    var launcher = DockerLauncher(image: "count:1")
    launcher.network = "cluster"
    launcher.command = ["sudo", "docker"]
    launcher.arguments = ["--cpus=2"]
    let group = EngineGroup(
      .docker(launcher), count: 1, program: ProgramCommand(executable: "/opt/count", arguments: ["-v"]))
    let command = try group.launch(0, in: context(hasLocation: true)) { "ID" }.command
    #expect(
      ([command.executable] + command.arguments).joined(separator: " ")
        == "sudo docker run --rm --interactive --name martlet-ID \(labels) --network cluster "
        + "--add-host host.docker.internal:host-gateway --env MARTLET_ENGINE_UUID --entrypoint /opt/count --cpus=2 "
        + "count:1 -v engine --file=- --no-python")
  }

  @Test func aContainerInTheHostsNetworkKnowsItsName() throws {
    let group = EngineGroup.docker(1, network: "host")
    let words = try group.launch(0, in: context()) { "ID" }.command.arguments
    #expect(!words.contains { $0.contains("host.docker.internal") })
  }

  @Test func containersAreFoundByTheirLabels() {
    let launcher = DockerLauncher()
    let files = ClusterFiles(clusterID: "c", profile: ProfileDirectory(path: "/p"))
    #expect(
      launcher.search(files).arguments
        == [
          "ps", "--all", "--quiet", "--filter", "label=martlet.cluster-id=c", "--filter",
          "label=martlet.profile-dir=/p",
        ])
    #expect(launcher.removal(of: ["a", "b"]).arguments == ["rm", "--force", "a", "b"])
  }

  @Test(arguments: [
    (MartletCluster.ExitStatus.exited(0), MartletCluster.ExitStatus.exited(0)), (.exited(125), .exited(125)),
    (.exited(137), .unknown("exit code 137, as SIGKILL (signal 9) leaves it")), (.signaled(9), .signaled(9)),
  ])
  func statusOfDocker(_ status: MartletCluster.ExitStatus, _ meaning: MartletCluster.ExitStatus) {
    #expect(DockerLauncher.status(status) == meaning)
  }

  @Test func whatDockerSaysLastIsNoReason() {
    let log = "docker: Error response from daemon: no such image.\n\nRun 'docker run --help' for more information\n"
    #expect(LastWords.find(in: log) == "docker: Error response from daemon: no such image.")
  }

  @Test func options() throws {
    let arguments = [
      "--profile-dir=/p", "--engines=docker:3", "--DockerLauncher.image=count:1", "--DockerLauncher.network=cluster",
      "--DockerLauncher.docker_args=['--cpus=2']",
    ]
    let group = try ClusterOptions.read(arguments, environment: [:]).options.engineGroup()
    var launcher = DockerLauncher(image: "count:1")
    launcher.network = "cluster"
    launcher.arguments = ["--cpus=2"]
    #expect(group == EngineGroup(.docker(launcher), count: 3))
    let file = """
      engines:
        - {launcher: docker, count: 3, image: "count:1", network: cluster, docker_args: [--cpus=2]}
      """
    #expect(try ClusterDescription(file, path: "c.yaml").engines == [group])
    #expect(throws: OptionError.self) {
      try ClusterOptions.read(["--engines=docker", "--DockerLauncher.image=--privileged"], environment: [:])
    }
  }
}
