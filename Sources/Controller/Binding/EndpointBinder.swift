import MartletWire
import MartletZeroMQ

/// Binds the controller's sockets and remembers where: to ports of the configured pools, those of files that are
/// reused, or ports the system chooses, which are read back instead of guessed beforehand.
struct EndpointBinder {
  /// Which connection file an endpoint belongs to.
  enum Side {
    case client, engine
  }

  /// A bound socket that reports failed handshakes.
  struct MonitoredSocket: Sendable {
    /// As the log names it.
    let name: String
    /// The name of its monitor.
    let monitor: String
  }

  private let interfaces: [Side: ControllerConfiguration.Interface]
  private var pools: [Side: ArraySlice<Int>]
  private var commonPool: ArraySlice<Int>
  private var reused: [Side: [ConnectionInfo.Channel: [Int]]]
  private var nextIPCNumber = 1
  /// What has been bound.
  private(set) var ports: [Side: [ConnectionInfo.Channel: [Int]]] = [.client: [:], .engine: [:]]
  /// The sockets that have been bound and report failed handshakes.
  private(set) var monitored: [MonitoredSocket] = []
  /// The files of `ipc` sockets. libzmq leaves them behind when it closes a socket, so the controller removes them.
  private(set) var socketFiles: [String] = []

  init(_ configuration: ControllerConfiguration, reused: [Side: [ConnectionInfo.Channel: [Int]]] = [:]) {
    interfaces = [.client: configuration.clients, .engine: configuration.engines]
    pools = [.client: configuration.clientPorts[...], .engine: configuration.enginePorts[...]]
    commonPool = configuration.ports[...]
    self.reused = reused
  }

  /// Binds a socket for a channel of one side; the registration socket serves both sides under one number.
  ///
  /// - Parameter isMonitored: false for a socket whose owner has a monitor of its own.
  mutating func bind(
    _ socket: borrowing Socket, _ channel: ConnectionInfo.Channel, _ side: Side, isMonitored: Bool = true
  ) throws(ConnectionError) {
    if isMonitored { try monitor(socket, "\(channel.rawValue) for \(side == .client ? "clients" : "engines")") }
    let number = try bind(socket, side, wanted: takeReused(channel, side))
    ports[side]?[channel, default: []].append(number)
  }

  /// Binds the registration socket, which clients and engines share.
  mutating func bindRegistration(_ socket: borrowing Socket) throws(ConnectionError) {
    try monitor(socket, "registration")
    let wanted = takeReused(.registration, .engine)
    // Where only one of them is tcp its port is the number of both; an address for all serves the other as well.
    let (client, engine) = (interface(.client), interface(.engine))
    // Where either would do it takes a port of the engines, as in ipyparallel.
    let clientFirst =
      client.transport == "tcp" && engine.transport != "tcp" || client.covers(engine) && !engine.covers(client)
    let first: Side = clientFirst ? .client : .engine
    let number = try bind(socket, first, wanted: wanted)
    if !client.covers(engine), !engine.covers(client) {
      _ = try bind(socket, clientFirst ? .engine : .client, wanted: number)
    }
    ports[.engine]?[.registration] = [number]
    ports[.client]?[.registration] = [number]
  }

  private mutating func monitor(_ socket: borrowing Socket, _ name: String) throws(ConnectionError) {
    let monitored = MonitoredSocket(name: name, monitor: Session.randomID())
    do {
      try socket.reportEvents(.failedHandshakes, toMonitor: monitored.monitor)
    } catch {
      throw ConnectionError("\(error)")
    }
    self.monitored.append(monitored)
  }

  private mutating func takeReused(_ channel: ConnectionInfo.Channel, _ side: Side) -> Int? {
    guard var numbers = reused[side]?[channel], !numbers.isEmpty else { return nil }
    let number = numbers.removeFirst()
    reused[side]?[channel] = numbers
    return number
  }

  private mutating func bind(_ socket: borrowing Socket, _ side: Side, wanted: Int?) throws(ConnectionError) -> Int {
    let interface = interface(side)
    do {
      guard interface.transport == "tcp" else { return try bindNumbered(socket, interface, wanted: wanted) }
      let host = interface.ip == "0.0.0.0" ? "*" : interface.ip
      if let wanted = wanted ?? nextPort(side), wanted != 0 {
        // libzmq takes the lower 16 bits of any number.
        guard (1...0xFFFF).contains(wanted) else { throw ConnectionError("\(wanted) is no port") }
        try socket.bind("tcp://\(host):\(wanted)")
        return wanted
      }
      let bound = try socket.bind("tcp://\(host):*")
      guard let port = bound.split(separator: ":").last.flatMap({ Int($0) }) else {
        throw ConnectionError("libzmq did not tell the port of \(bound)")
      }
      return port
    } catch let error as ZeroMQError {
      let advice = error.isAddressInUse ? ": another controller may be running there" : ""
      throw ConnectionError("\(error)\(advice)")
    } catch let error as ConnectionError {
      throw error
    } catch {
      throw ConnectionError("\(error)")
    }
  }

  /// `ipc` and `inproc` endpoints are told apart by a number instead of a port.
  private mutating func bindNumbered(
    _ socket: borrowing Socket, _ interface: ControllerConfiguration.Interface, wanted: Int?
  ) throws -> Int {
    let number = wanted ?? nextIPCNumber
    nextIPCNumber = max(nextIPCNumber, number + 1)
    let endpoint = ConnectionInfo.endpoint(interface: interface.url, number: number)
    if interface.transport == "ipc" {
      // The path must fit into sockaddr_un with its terminating zero.
      let path = endpoint.dropFirst("ipc://".count)
      guard path.utf8.count <= 107 else {
        throw ConnectionError("the ipc path \(path) is longer than 107 bytes, choose a shorter --ip")
      }
      // ipyparallel's clients and engines build `path:number` where its controller binds `path-number`: serve both.
      let twin = "\(interface.url):\(number)"
      try socket.bind(twin)
      socketFiles += [String(twin.dropFirst("ipc://".count)), String(path)]
    }
    try socket.bind(endpoint)
    return number
  }

  private func interface(_ side: Side) -> ControllerConfiguration.Interface {
    interfaces[side] ?? ControllerConfiguration.Interface()
  }

  private mutating func nextPort(_ side: Side) -> Int? {
    if let port = pools[side]?.popFirst() { return port }
    return commonPool.popFirst()
  }
}

extension ControllerConfiguration.Interface {
  /// Whether a socket bound here is reached there too.
  fileprivate func covers(_ other: Self) -> Bool {
    self == other || transport == "tcp" && other.transport == "tcp" && (ip == "*" || ip == "0.0.0.0")
  }
}
