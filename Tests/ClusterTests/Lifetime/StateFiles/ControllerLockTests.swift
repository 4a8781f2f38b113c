import Foundation
import Logging
import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletCluster

/// One controller for each cluster of a profile.
@Suite(.timeLimit(.minutes(1))) struct ControllerLockTests {
  private let folder: TemporaryFolder
  private let files: ClusterFiles
  private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  init() throws {
    folder = try TemporaryFolder()
    let profile = ProfileDirectory(name: "p", ipythonDirectory: folder.path)
    try profile.create()
    files = ClusterFiles(clusterID: "c", profile: profile)
  }

  private func hold<Output>(_ body: () async throws -> Output) async throws -> Output {
    try await LockFile.holdingController(of: files, logger: logger, body)
  }

  @Test func aSecondOneIsRefused() async throws {
    try await hold {
      let error = await #expect(throws: ClusterError.self) { try await hold {} }
      let text = error?.description ?? ""
      #expect(
        text.hasPrefix("cluster c of profile p has a controller already (process \(getpid()) on host "), "\(text)")
      #expect(text.contains(", since 20") && text.contains("martlet stop") && text.contains("another --cluster-id"))
      #expect(error?.code == .alreadyRunning)
      // Another cluster of the profile is another matter.
      let other = ClusterFiles(clusterID: "d", profile: files.profile)
      try await LockFile.holdingController(of: other, logger: logger) {}
    }
    #expect(LockFile.state(of: files.controllerLock) == .missing)
    try await hold {}
  }

  @Test func theNextOneRunsAfterAFailure() async throws {
    struct Failure: Error {}
    await #expect(throws: Failure.self) { try await hold { throw Failure() } }
    try await hold {}
  }

  private func leaveLock(host: HostIdentity, pid: Int = 1) throws {
    var process = ProcessReference(pid: pid)
    process.host = host
    try PrivateFile.write(Data(JSONValue.object(process.fields).bytes.array), to: files.controllerLock)
  }

  private let far = HostIdentity(name: "far", machineID: "m", bootID: "b", pidNamespace: "pid:[1]")

  /// The lock is free, so the process that it names, which lives, is no longer a controller.
  @Test func aFreeLockOfThisHostDoesNotCount() async throws {
    try leaveLock(host: .current, pid: Int(getpid()))
    try await hold {}
  }

  @Test func anotherHostsDeadControllerDoesNotCount() async throws {
    try leaveLock(host: far)
    try await hold {}
    try leaveLock(host: far)
    var info = ConnectionInfo(kind: .client, interface: "tcp://127.0.0.1")
    // Nothing listens at port 1.
    info.ports[.registration] = [1]
    try files.clientConnection.write(info)
    try await hold {}
  }

  @Test func anotherHostsControllerThatAnswersCounts() async throws {
    let listener = try Listener()
    try leaveLock(host: far)
    var info = ConnectionInfo(kind: .client, interface: "tcp://127.0.0.1")
    info.ports[.registration] = [listener.port]
    try files.clientConnection.write(info)
    let error = await #expect(throws: ClusterError.self) { try await hold {} }
    #expect(error?.description.contains("on host far") == true)
  }

  @Test func withoutAFolderForLocksItRunsAllTheSame() async throws {
    try FileManager.default.removeItem(atPath: files.profile.pid)
    try Data().write(to: URL(fileURLWithPath: files.profile.pid))
    try await hold {}
  }
}

/// A TCP socket that listens on a free port.
private final class Listener {
  private let descriptor: Int32
  let port: Int

  init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let isReady = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 && listen(descriptor, 8) == 0 && getsockname(descriptor, $0, &size) == 0
      }
    }
    try #require(isReady)
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  deinit { close(descriptor) }
}
