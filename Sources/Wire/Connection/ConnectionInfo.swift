import MartletZeroMQ

/// How to reach a controller: the content of ipyparallel's connection files
/// `ipcontroller[-CLUSTERID]-client.json` and `ipcontroller[-CLUSTERID]-engine.json`.
public struct ConnectionInfo: Sendable, Hashable {
  /// Which peers a connection file is for; the two kinds differ in some channels.
  public enum Kind: String, Sendable, Hashable {
    /// Clients, whose file alone names the channel of notifications.
    case client
    /// Engines, whose file alone names the channels of heartbeats.
    case engine
  }

  /// A socket of the controller; the raw value is its key in the file.
  public enum Channel: String, Sendable, Hashable, CaseIterable {
    /// Requests to the hub and its replies; the same port in both files.
    case registration
    /// Requests to engines that overtake all others, such as aborts.
    case control
    /// Requests to an engine that the client names.
    case mux
    /// Requests for which the task scheduler chooses the engine.
    case task
    /// Output and status of requests, from all engines to all clients.
    case iopub
    /// Clients only: registration changes.
    case notification
    /// Engines only: the heart monitor's pings.
    case heartbeatPing = "hb_ping"
    /// Engines only: their answers to the pings.
    case heartbeatPong = "hb_pong"
    /// One port for clients; for engines one per leaf of the tree.
    case broadcast
  }

  /// Which peers the file is for.
  public var kind: Kind
  /// The shared secret that signs messages; empty for unsigned ones.
  public var key = ""
  /// The controller's CURVE public key, or `nil` without CURVE.
  public var curveServerKey: String?
  /// The CURVE keys of the peer that the connection is for, where the controller admits keys by name; else `nil`.
  package var curveKeys: CurveKeyPair?
  /// The controller's host, which tells peers whether it is their own.
  public var location = ""
  /// The HMAC scheme, `hmac-` and a hash.
  public var signatureScheme = "hmac-sha256"
  /// A host to tunnel through, or empty.
  public var ssh = ""
  /// Transport and address, for example `tcp://127.0.0.1` or `ipc:///run/martlet/c1`.
  public var interface: String
  /// The ports, or for `ipc` the numbers in the socket files' names.
  public var ports: [Channel: [Int]] = [:]
  /// Clients only: the scheme of the task scheduler.
  public var taskScheme: String?

  /// A connection without ports.
  public init(kind: Kind, interface: String) {
    self.kind = kind
    self.interface = interface
  }

  /// The transport, for example `ipc`.
  public var transport: Substring { interface.prefix { $0 != ":" } }

  /// The endpoints of a channel; several for the engines' broadcast leaves.
  ///
  /// `tcp` addresses end in `:port`, `ipc` paths in `-number`, as ipyparallel's controller binds them. A wildcard
  /// interface is replaced by an address that can be connected to.
  ///
  /// - Throws: ``ConnectionError`` when the file has no such channel.
  public func endpoints(_ channel: Channel) throws(ConnectionError) -> [String] {
    guard let numbers = ports[channel], !numbers.isEmpty else {
      throw ConnectionError("the \(kind.rawValue) connection file has no '\(channel.rawValue)' channel")
    }
    return numbers.map { Self.endpoint(interface: connectableInterface, number: $0) }
  }

  /// The first endpoint of a channel.
  ///
  /// - Throws: ``ConnectionError`` when the file has no such channel.
  public func endpoint(_ channel: Channel) throws(ConnectionError) -> String { try endpoints(channel)[0] }

  /// An address of an interface: `tcp://host:port` or `ipc://path-number`.
  public static func endpoint(interface: String, number: Int) -> String {
    interface.hasPrefix("ipc:") || interface.hasPrefix("inproc:") ? "\(interface)-\(number)" : "\(interface):\(number)"
  }
}

/// A connection file that can't be used, and what to do about it.
public struct ConnectionError: Error, Sendable, Hashable, CustomStringConvertible {
  public let description: String

  /// An error with its explanation.
  public init(_ description: String) { self.description = description }
}
