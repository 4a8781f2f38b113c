import Foundation
import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

extension IntegrationTests {
  /// A stopped controller leaves nothing behind.
  @Suite struct LifetimeTests {
    @Test func filesArePrivateAndGoWithTheController() async throws {
      try await TestController.run(.ipc) { test in
        let client = try RawClient(test)
        #expect(try await client.ask("connection_request").content["status"] == "ok")
        let files = ["client", "engine"].map { test.directory + "/security/\($0).json" }
        for file in files {
          let attributes = try FileManager.default.attributesOfItem(atPath: file)
          #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        }
        #expect(try ConnectionFile(path: files[0]).read() == test.client)
        #expect(try ConnectionFile(path: files[1]).read() == test.engine)
        #expect(try await client.ask("shutdown_request").type == "shutdown_reply")
        try await wait("an empty directory") {
          try FileManager.default.subpathsOfDirectory(atPath: test.directory) == ["security"]
        }
      }
    }

    @Test func portsAreFreeWhenRunReturnsWhileTheControllerExists() async throws {
      let controller = try Controller(configuration: ControllerConfiguration(), logger: TestController.quiet)
      controller.stop()
      try await controller.run()
      let context = try Context()
      for (channel, ports) in controller.clientConnection.ports where channel != .registration {
        for port in ports { try Socket(context, .router).bind("tcp://127.0.0.1:\(port)") }
      }
    }

    @Test func aControllerRunsOnce() async throws {
      try await TestController.run(.ipc) { test in
        let client = try RawClient(test)
        #expect(try await client.ask("connection_request").content["status"] == "ok")
        await #expect(throws: ControllerError.self) { try await test.controller.run() }
        #expect(try await client.ask("connection_request").content["status"] == "ok")
      }
      let controller = try Controller(configuration: ControllerConfiguration(), logger: TestController.quiet)
      controller.stop()
      try await controller.run()
      await #expect(throws: ControllerError.self) { try await controller.run() }
    }

    @Test func filesAreReused() async throws {
      let directory = TestController.newPath
      defer { try? FileManager.default.removeItem(atPath: directory) }
      var configuration = try TestController.configuration(.tcp, in: directory)
      configuration.reusesFiles = true
      configuration.broadcastDepth = 2
      var former: ConnectionInfo?
      for _ in 0..<3 {
        let controller = try Controller(configuration: configuration, logger: TestController.quiet)
        if let former { #expect(controller.engineConnection == former) }
        former = controller.engineConnection
        controller.stop()
        try await controller.run()
        #expect(configuration.clientFile?.exists == true)
      }
      #expect(former?.ports[.broadcast]?.count == 4)
    }

    /// Key and ports stay, so that those that are told the new address find the same cluster.
    @Test func aControllerThatHasMovedPublishesItsOwnAddress() throws {
      let directory = TestController.newPath
      defer { try? FileManager.default.removeItem(atPath: directory) }
      var configuration = try TestController.configuration(.tcp, in: directory)
      configuration.reusesFiles = true
      configuration.location = "here"
      let files = try [#require(configuration.clientFile), #require(configuration.engineFile)]
      let first = try Controller(configuration: configuration, logger: TestController.quiet).engineConnection
      for file in files {
        var info = try file.read()
        info.location = "elsewhere"
        info.interface = "tcp://192.0.2.1"
        try file.write(info)
      }
      #expect(throws: ConnectionError.self) {
        try Controller(configuration: configuration, logger: TestController.quiet)
      }
      configuration.mayHaveMoved = true
      let controller = try Controller(configuration: configuration, logger: TestController.quiet)
      #expect(controller.engineConnection == first)
      #expect(try files[1].read() == first && files[0].read() == controller.clientConnection)
    }

    @Test func aFailedStartLeavesNothing() throws {
      let directory = TestController.newPath
      defer { try? FileManager.default.removeItem(atPath: directory) }
      var configuration = try TestController.configuration(.ipc, in: directory)
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      configuration.engineFile = ConnectionFile(path: "/dev/null/engine.json")
      #expect(throws: ConnectionError.self) {
        try Controller(configuration: configuration, logger: TestController.quiet)
      }
      #expect(try FileManager.default.subpathsOfDirectory(atPath: directory) == ["security"])

      configuration = try TestController.configuration(.tcp, in: directory)
      let port = try Socket(Context(), .router).bind("tcp://127.0.0.1:*").split(separator: ":").last.flatMap { Int($0) }
      configuration.ports = try [0, 0, 0, 0, 0, #require(port), #require(port)]
      #expect(throws: ConnectionError.self) {
        try Controller(configuration: configuration, logger: TestController.quiet)
      }
      #expect(try FileManager.default.subpathsOfDirectory(atPath: directory) == ["security"])
    }

    #if os(Linux)
      /// The process's open descriptors and threads.
      private static func usage() throws -> (descriptors: Int, threads: Int) {
        (
          try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count,
          try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
        )
      }

      @Test func fiftyControllersLeakNoDescriptorsAndNoThreads() async throws {
        func cycle() async throws {
          try await TestController.run(.ipc) { test in
            let client = try RawClient(test)
            #expect(try await client.ask("connection_request").content["status"] == "ok")
          }
        }
        for _ in 0..<5 { try await cycle() }
        let before = try Self.usage()
        for _ in 0..<50 { try await cycle() }
        // One leak per cycle adds up to fifty descriptors or threads. Other tests in the process may hold a few.
        try await wait("the last threads to end") {
          let after = try Self.usage()
          return after.descriptors < before.descriptors + 40 && after.threads < before.threads + 40
        }
      }
    #endif
  }
}
