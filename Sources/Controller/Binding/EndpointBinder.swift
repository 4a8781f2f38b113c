import MartletWire
import MartletZeroMQ

/// Binds the controller's sockets and records their ports. Ports come from the configured pools, from reused connection
/// files, or from the system; the latter are read back.
struct EndpointBinder {
  /// The connection file that an endpoint belongs to.
  enum Side {
    case client, engine
  }

  /// A bound socket whose connections are watched.
  struct WatchedSocket: Sendable {
    /// Its name in the log.
    let name: String
    let role: ConnectionRole
    let limits: ConnectionTable.Limits
    /// Its monitor, which the ears read; nil if the socket's owner has its own.
    let monitor: SharedSocketMonitor?
    let ears: ConnectionEars
  }

  /// What sockets are called when a peer's key is judged.
  enum AuthenticationDomain: String, Sendable {
    case clients, engines, registration

    /// Who connects; `nil` for both.
    var side: ConnectionInfo.Kind? {
      switch self {
      case .clients: .client
      case .engines: .engine
      case .registration: nil
      }
    }
  }

  /// A pool of ports, used in order.
  private struct Pool {
    /// The option they come from, for error messages.
    let option: String
    var ports: ArraySlice<Int>
  }

  /// A port to bind, or the number of an `ipc` or `inproc` endpoint.
  private struct Wanted {
    let number: Int
    /// The option it comes from, for error messages.
    let option: String
    /// Whether another port will do.
    var isPreference = false
  }

  private let clients: ListeningAddress
  private let engines: ListeningAddress
  private var pools: [Side: Pool]
  private var commonPool: Pool
  private var reused: [Side: [ConnectionInfo.Channel: [Int]]]
  /// Whether other ports will do than the reused ones.
  private let prefersReused: Bool
  private var nextIPCNumber = 1
  /// Whether peers are admitted by their keys.
  var authenticates = false
  /// Whether the sockets have CURVE.
  var usesCurve = false
  private let maxMessageSize: Int?
  private let heartbeatPeriod: Duration
  /// The ports bound so far.
  private(set) var ports: [Side: [ConnectionInfo.Channel: [Int]]] = [.client: [:], .engine: [:]]
  /// The bound sockets.
  private(set) var watched: [WatchedSocket] = []
  /// The files of `ipc` sockets. libzmq leaves them behind when it closes a socket, so the controller removes them.
  private(set) var socketFiles: [String] = []

  /// Looks up the addresses to bind.
  ///
  /// - Throws: ``ConnectionError`` that names the option if an address can't be bound.
  init(
    _ configuration: ControllerConfiguration, reused: [Side: [ConnectionInfo.Channel: [Int]]] = [:]
  ) throws(ConnectionError) {
    let isShared = configuration.clients == configuration.engines
    clients = try ListeningAddress(configuration.clients, option: isShared ? "--ip" : "--IPController.client_ip")
    engines = try ListeningAddress(configuration.engines, option: isShared ? "--ip" : "--IPController.engine_ip")
    pools = [
      .client: Pool(option: "--client-ports", ports: configuration.clientPorts[...]),
      .engine: Pool(option: "--engine-ports", ports: configuration.enginePorts[...]),
    ]
    commonPool = Pool(option: "--ports", ports: configuration.ports[...])
    self.reused = reused
    prefersReused = configuration.mayHaveMoved
    maxMessageSize = configuration.maxMessageSize
    heartbeatPeriod = configuration.heartbeat.period
  }

  /// The address that the sockets of a side are bound to.
  func address(_ side: Side) -> ListeningAddress { side == .client ? clients : engines }

  /// Whether other machines can reach a socket.
  var isExposed: Bool { [clients, engines].contains { ConnectionInfo.isExposed($0.publishedURL) } }

  /// Binds a socket for a channel of one side. The registration socket serves both sides under one number.
  ///
  /// - Parameter isMonitored: false if the socket's owner has its own monitor, and passes on what it reports.
  /// - Returns: what the socket's owner tells about its connections.
  @discardableResult
  mutating func bind(
    _ socket: borrowing Socket, _ channel: ConnectionInfo.Channel, _ side: Side, isMonitored: Bool = true
  ) throws(ConnectionError) -> ConnectionEars {
    let ears = try watch(
      socket, "\(channel.rawValue) for \(side == .client ? "clients" : "engines")", ConnectionRole(channel, side),
      side == .client ? .clients : .engines, isMonitored: isMonitored)
    let number = try bind(socket, side, wanted: takeReused(channel, side))
    ports[side]?[channel, default: []].append(number)
    return ears
  }

  /// Binds the socket of a relay.
  mutating func bind(
    _ relay: RelaySocket, _ channel: ConnectionInfo.Channel, _ side: Side, isMonitored: Bool = true
  ) throws(ConnectionError) {
    relay.bound(
      try bind(relay.socket, channel, side, isMonitored: isMonitored),
      facesEngines: ConnectionRole(channel, side) == .engines, maxMessageSize: maxMessageSize)
  }

  /// Binds the registration socket, which clients and engines share.
  ///
  /// - Returns: what the hub tells about its connections.
  @discardableResult
  mutating func bindRegistration(_ socket: borrowing Socket) throws(ConnectionError) -> ConnectionEars {
    let ears = try watch(socket, "registration", .clients, .registration, isMonitored: true)
    let wanted = takeReused(.registration, .engine)
    // If only one side is tcp, its port is the number for both. A wildcard address serves the other side as well. If
    // either side would do, the socket takes a port of the engines, as in ipyparallel.
    let clientFirst =
      clients.transport == "tcp" && engines.transport != "tcp" || clients.covers(engines) && !engines.covers(clients)
    let number = try bind(socket, clientFirst ? .client : .engine, wanted: wanted)
    if !clients.covers(engines), !engines.covers(clients) {
      let other = Wanted(number: number, option: "the registration of the other side")
      _ = try bind(socket, clientFirst ? .engine : .client, wanted: other)
    }
    ports[.engine]?[.registration] = [number]
    ports[.client]?[.registration] = [number]
    return ears
  }

  private mutating func watch(
    _ socket: borrowing Socket, _ name: String, _ role: ConnectionRole, _ domain: AuthenticationDomain,
    isMonitored: Bool
  ) throws(ConnectionError) -> ConnectionEars {
    var limits = ConnectionTable.Limits(
      held: maxMessageSize.map { UInt64(clamping: $0) + Self.framing },
      backlog: AvailableMemory.backlog, mutePatience: role == .hearts ? max(.seconds(2), heartbeatPeriod * 2) : nil)
    if usesCurve { limits.handshake = ConnectionTable.Limits.curveHandshake }
    do {
      if authenticates { try socket.setAuthenticationDomain(domain.rawValue) }
      let monitor =
        isMonitored ? try SharedSocketMonitor(socket, name: Session.randomID(), events: .ofConnections) : nil
      let socket = WatchedSocket(
        name: name, role: role, limits: limits, monitor: monitor,
        ears: ConnectionEars(role, identifies: authenticates, monitor: monitor))
      watched.append(socket)
      return socket.ears
    } catch {
      throw ConnectionError("\(error)")
    }
  }

  /// What the frames of a message may add to its size on a connection, generously.
  private static let framing: UInt64 = 1 << 20

  private mutating func takeReused(_ channel: ConnectionInfo.Channel, _ side: Side) -> Wanted? {
    guard var numbers = reused[side]?[channel], !numbers.isEmpty else { return nil }
    let number = numbers.removeFirst()
    reused[side]?[channel] = numbers
    return Wanted(number: number, option: "the connection file to be reused", isPreference: prefersReused)
  }

  private mutating func bind(_ socket: borrowing Socket, _ side: Side, wanted: Wanted?) throws(ConnectionError) -> Int {
    let address = address(side)
    guard address.transport == "tcp" else { return try bindNumbered(socket, address, wanted: wanted?.number) }
    if let wanted, wanted.isPreference {
      if (1...0xFFFF).contains(wanted.number), (try? Self.bind(socket, "\(address.url):\(wanted.number)")) != nil {
        return wanted.number
      }
      return try bind(socket, side, wanted: nil)
    }
    guard let wanted = wanted ?? nextPort(side), wanted.number != 0 else {
      let bound = try Self.bind(socket, "\(address.url):*")
      guard let port = bound.split(separator: ":").last.flatMap({ Int($0) }) else {
        throw ConnectionError("libzmq did not report the port of \(bound)")
      }
      return port
    }
    // libzmq truncates any number to its lower 16 bits.
    guard (1...0xFFFF).contains(wanted.number) else {
      throw ConnectionError("\(wanted.option): \(wanted.number) is not a port")
    }
    try Self.bind(socket, "\(address.url):\(wanted.number)", option: wanted.option)
    return wanted.number
  }

  /// Binds an `ipc` or `inproc` endpoint. It has a number instead of a port.
  private mutating func bindNumbered(
    _ socket: borrowing Socket, _ address: ListeningAddress, wanted: Int?
  ) throws(ConnectionError) -> Int {
    let number = wanted ?? nextIPCNumber
    nextIPCNumber = max(nextIPCNumber, number + 1)
    let endpoint = ConnectionInfo.endpoint(interface: address.url, number: number)
    if address.transport == "ipc" {
      // The path and its terminating zero must fit into sockaddr_un.
      let path = endpoint.dropFirst("ipc://".count)
      guard path.utf8.count <= 107 else {
        throw ConnectionError("the ipc path \(path) is longer than 107 bytes, choose a shorter --ip")
      }
      // ipyparallel's clients and engines use `path:number` where its controller binds `path-number`. Serve both.
      let twin = "\(address.url):\(number)"
      try Self.bind(socket, twin)
      // Linux has names for sockets that are not files; libzmq writes them with an @.
      if !path.hasPrefix("@") { socketFiles += [String(twin.dropFirst("ipc://".count)), String(path)] }
    }
    try Self.bind(socket, endpoint)
    return number
  }

  /// Binds a socket.
  ///
  /// - Parameter option: the option the port comes from; `nil` if the system chooses it.
  @discardableResult
  private static func bind(
    _ socket: borrowing Socket, _ endpoint: String, option: String? = nil
  ) throws(ConnectionError) -> String {
    do {
      return try socket.bind(endpoint)
    } catch  where error.isAddressInUse {
      let origin = option.map { " (from \($0))" } ?? ""
      throw ConnectionError("\(endpoint)\(origin) is in use: another controller may be running there")
    } catch {
      throw ConnectionError("can't listen on \(endpoint): \(error)")
    }
  }

  private mutating func nextPort(_ side: Side) -> Wanted? {
    if let port = pools[side]?.ports.popFirst() { return Wanted(number: port, option: pools[side]?.option ?? "") }
    return commonPool.ports.popFirst().map { Wanted(number: $0, option: commonPool.option) }
  }
}
