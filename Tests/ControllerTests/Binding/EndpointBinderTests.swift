import Foundation
import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

/// The addresses that sockets are bound to, and how they are published.
@Suite final class EndpointBinderTests {
  private let context: Context
  private let directory: String

  init() throws {
    context = try Context()
    directory = NSTemporaryDirectory() + "b\(UInt32.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  private func socket() throws -> Socket { try Socket(context, .router) }

  private func binder(
    _ configure: (inout ControllerConfiguration) -> Void = { _ in },
    reused: [EndpointBinder.Side: [ConnectionInfo.Channel: [Int]]] = [:]
  ) throws -> EndpointBinder {
    var configuration = ControllerConfiguration()
    configure(&configuration)
    return try EndpointBinder(configuration, reused: reused)
  }

  /// A random loopback address, so no other process takes the ports a test relies on.
  #if os(Linux)
    private let ip = "127.\(UInt8.random(in: 1...254)).\(UInt8.random(in: 1...254)).\(UInt8.random(in: 1...254))"
  #else
    private let ip = "127.0.0.1"
  #endif

  @Test func theSystemChoosesPortsThatAreReadBack() throws {
    var binder = try binder()
    let first = try socket()
    let second = try socket()
    try binder.bind(first, .mux, .client)
    try binder.bind(second, .broadcast, .engine)
    let port = try #require(binder.ports[.client]?[.mux]?.first)
    #expect(port > 0)
    let endpoint = first.lastEndpoint
    #expect(endpoint == "tcp://127.0.0.1:\(port)")
    #expect(binder.ports[.engine]?[.broadcast]?.count == 1)
  }

  @Test func poolsAreUsedInOrderThenTheCommonOneThenTheSystems() throws {
    let ports = [20_003, 20_001, 20_002]
    var binder = try binder {
      $0.clients.ip = ip
      $0.engines.ip = ip
      $0.clientPorts = [ports[0]]
      $0.ports = [ports[1], ports[2]]
    }
    var sockets: [ConnectionInfo.Channel: Int] = [:]
    let a = try socket()
    let b = try socket()
    let c = try socket()
    let d = try socket()
    try binder.bind(a, .mux, .client)
    try binder.bind(b, .task, .client)
    try binder.bind(c, .control, .engine)
    try binder.bind(d, .iopub, .client)
    for channel in [ConnectionInfo.Channel.mux, .task, .iopub] {
      sockets[channel] = binder.ports[.client]?[channel]?[0]
    }
    #expect(sockets[.mux] == ports[0])
    #expect(sockets[.task] == ports[1])
    #expect(binder.ports[.engine]?[.control] == [ports[2]])
    #expect(try !ports.contains(#require(sockets[.iopub])))
  }

  @Test func aZeroInAPoolIsTheSystemsChoice() throws {
    var binder = try binder { $0.ports = [0] }
    let socket = try socket()
    try binder.bind(socket, .mux, .client)
    #expect(try #require(binder.ports[.client]?[.mux]?.first) > 0)
  }

  @Test(arguments: [70_000, -1])
  func anImpossiblePortIsAnError(_ port: Int) throws {
    var binder = try binder { $0.ports = [port] }
    let socket = try socket()
    #expect(throws: ConnectionError.self) { try binder.bind(socket, .mux, .client) }
    #expect(binder.ports[.client] == [:])
  }

  @Test func aTakenPortIsAnErrorThatSaysSo() throws {
    var first = try binder()
    let holder = try socket()
    let socket = try socket()
    try first.bind(holder, .mux, .client)
    let port = try #require(first.ports[.client]?[.mux]?.first)
    var second = try binder { $0.clientPorts = [port] }
    let error = #expect(throws: ConnectionError.self) { try second.bind(socket, .mux, .client) }
    let expected = "tcp://127.0.0.1:\(port) (from --client-ports) is in use: another controller may be running there"
    #expect(error?.description == expected)
  }

  @Test func ipcEndpointsAreNumberedUnderBothNames() throws {
    let path = directory + "/c"
    var binder = try binder {
      $0.clients = .init(transport: "ipc", ip: path)
      $0.engines = $0.clients
    }
    let registration = try socket()
    let mux = try socket()
    try binder.bindRegistration(registration)
    try binder.bind(mux, .mux, .engine)
    #expect(binder.ports[.client]?[.registration] == [1])
    #expect(binder.ports[.engine] == [.registration: [1], .mux: [2]])
    let names = try FileManager.default.contentsOfDirectory(atPath: directory)
    #expect(names.sorted() == ["c-1", "c-2", "c:1", "c:2"])
    #expect(binder.socketFiles.sorted() == names.sorted().map { directory + "/" + $0 })
  }

  @Test func anIPCPathMayHave107Bytes() throws {
    let fill = String(repeating: "x", count: 107 - directory.utf8.count - "/-1".utf8.count)
    for (path, isPossible) in [(directory + "/" + fill, true), (directory + "/" + fill + "x", false)] {
      var binder = try binder { $0.clients = .init(transport: "ipc", ip: path) }
      let socket = try socket()
      if isPossible {
        try binder.bind(socket, .mux, .client)
      } else {
        let error = #expect(throws: ConnectionError.self) { try binder.bind(socket, .mux, .client) }
        #expect(error?.description.contains("107 bytes") == true)
      }
    }
  }

  @Test func reusedNumbersAreTakenInOrder() throws {
    let ports = [20_002, 20_001]
    var binder = try binder({ $0.engines.ip = ip }, reused: [.engine: [.broadcast: ports]])
    let a = try socket()
    let b = try socket()
    let c = try socket()
    try binder.bind(a, .broadcast, .engine)
    try binder.bind(b, .broadcast, .engine)
    try binder.bind(c, .broadcast, .engine)
    #expect(binder.ports[.engine]?[.broadcast]?.prefix(2).elementsEqual(ports) == true)
    #expect(binder.ports[.engine]?[.broadcast]?.count == 3)
  }

  @Test func aControllerThatMayHaveMovedTakesOtherPortsThanThoseInUse() throws {
    let ports = [20_004, 20_005]
    let other = try socket()
    try other.bind("tcp://\(ip):\(ports[0])")
    let a = try socket()
    let b = try socket()
    for hasMoved in [true, false] {
      var binder = try binder(
        {
          $0.engines.ip = ip
          $0.mayHaveMoved = hasMoved
        }, reused: [.engine: [.broadcast: ports]])
      guard hasMoved else {
        #expect(throws: ConnectionError.self) { try binder.bind(a, .broadcast, .engine) }
        return
      }
      try binder.bind(a, .broadcast, .engine)
      try binder.bind(b, .broadcast, .engine)
      let bound = try #require(binder.ports[.engine]?[.broadcast])
      #expect(bound.count == 2 && !ports.contains(bound[0]) && bound[0] > 1023 && bound[1] == ports[1])
    }
  }

  @Test func oneNumberServesBothSidesOfDifferentTransports() throws {
    for tcpSide in [EndpointBinder.Side.client, .engine] {
      var binder = try binder {
        let ipc = ControllerConfiguration.Interface(transport: "ipc", ip: directory + "/m\(tcpSide)")
        if tcpSide == .client { $0.engines = ipc } else { $0.clients = ipc }
      }
      let socket = try socket()
      try binder.bindRegistration(socket)
      let port = try #require(binder.ports[.client]?[.registration]?.first)
      #expect(port > 1023)
      #expect(binder.ports[.engine]?[.registration] == [port])
      #expect(FileManager.default.fileExists(atPath: directory + "/m\(tcpSide)-\(port)"))
    }
  }

  @Test(arguments: [("*", "127.0.0.1"), ("127.0.0.1", "0.0.0.0"), ("*", "0.0.0.0"), ("127.0.0.1", "127.0.0.2")])
  func oneRegistrationPortServesBothAddresses(_ client: String, _ engine: String) throws {
    var binder = try binder {
      $0.clients.ip = client
      $0.engines.ip = engine
    }
    let socket = try socket()
    try binder.bindRegistration(socket)
    #expect(binder.ports[.client]?[.registration] == binder.ports[.engine]?[.registration])
  }

  /// An IPv4 wildcard does not serve an IPv6 address, so the registration socket is bound twice.
  @Test(arguments: [("*", "::1"), ("::1", "127.0.0.1"), ("::", "127.0.0.1"), ("::", "::1")])
  func oneRegistrationPortServesBothFamilies(_ client: String, _ engine: String) throws {
    var binder = try binder {
      $0.clients.ip = client
      $0.engines.ip = engine
    }
    let server = try socket()
    try binder.bindRegistration(server)
    let port = try #require(binder.ports[.client]?[.registration]?.first)
    for host in ["127.0.0.1", "[::1]"] where [client, engine].contains(where: { $0 == "::" || host.contains($0) }) {
      let peer = try Socket(context, .dealer)
      try peer.connect("tcp://\(host):\(port)")
      var message = Multipart()
      message.append(Bytes("hello"))
      _ = try peer.send(&message)
      #expect(try server.receive(into: &message, timeout: .seconds(20)))
    }
  }
}
