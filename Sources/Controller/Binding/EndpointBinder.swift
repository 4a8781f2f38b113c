import Wire
import ZeroMQ

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
    let number = try bind(socket, .engine, wanted: takeReused(.registration, .engine))
    if interfaces[.client] != interfaces[.engine] { _ = try bind(socket, .client, wanted: number) }
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
    let interface = interfaces[side] ?? ControllerConfiguration.Interface()
    do {
      guard interface.transport == "tcp" else { return try bindNumbered(socket, interface, wanted: wanted) }
      let host = interface.ip == "0.0.0.0" ? "*" : interface.ip
      if let wanted = wanted ?? nextPort(side) {
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
      try socket.bind("\(interface.url):\(number)")
    }
    try socket.bind(endpoint)
    return number
  }

  private mutating func nextPort(_ side: Side) -> Int? {
    if let port = pools[side]?.popFirst() { return port }
    return commonPool.popFirst()
  }
}
