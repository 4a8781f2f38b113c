import Logging
import MartletWire

/// How a client behaves. Every field has a default.
public struct ClientConfiguration: Sendable {
  /// How long to wait for the connection file and for the hub's first answer. Default 10 seconds, as in ipyparallel.
  public var connectTimeout: Duration = .seconds(10)
  /// How long to wait for the hub's answer to a query and for an engine's answer to a control request. Default 30
  /// seconds: engines answer control requests while a task runs, but a busy hub may lag.
  public var queryTimeout: Duration = .seconds(30)
  /// How long to wait for a controller that can't be reached, because it was killed, stopped or cut off. After that,
  /// everything that waits for it fails with ``ClientError/Code/controllerLost``, and so do further calls until it is back.
  /// `nil`: without limit. Default 30 seconds: enough for a restart, and for a host that is busy.
  public var reconnectTimeout: Duration? = .seconds(30)
  /// For how long engines keep the values of ``RemoteReference``s after they have last heard of this client, which reminds them
  /// four times as often. At least a second. Default two minutes: longer than a controller may be missing.
  public var referenceLease: Duration = .seconds(120)
  /// How many threads ZeroMQ uses for this client, from 1 to 64; one transfers about a gigabyte per second. Default 1.
  public var ioThreads = 1
  /// How long unsent messages hold up ``Client/close()``. Default one second.
  public var linger: Duration = .seconds(1)
  /// Receives messages about what the client refused or lost. Default: a logger with the label `martlet.client`.
  public var logger = Logger(label: "martlet.client")

  /// What each group of engines offers, if the program has started the cluster itself, to which no command adds engines.
  package var ownEngines: [Resources]?

  /// How long the controller may be silent, while something is outstanding, until it is asked for a sign of life. Tests
  /// shorten it.
  var watchPeriod: Duration = .seconds(3)

  /// Makes a configuration of defaults.
  public init() {}

  /// The configuration with times that clocks can represent.
  ///
  /// - Throws: ``ClientError/Code/invalidArgument`` for a number of threads or a lease out of range.
  func validated() throws(ClientError) -> ClientConfiguration {
    guard (1...64).contains(ioThreads) else {
      throw ClientError(.invalidArgument, "ioThreads is \(ioThreads); it must be from 1 to 64")
    }
    guard referenceLease >= .seconds(1) else {
      throw ClientError(.invalidArgument, "referenceLease is \(referenceLease); it must be at least a second")
    }
    var configuration = self
    configuration.connectTimeout = connectTimeout.boundedWait
    configuration.queryTimeout = queryTimeout.boundedWait
    configuration.reconnectTimeout = reconnectTimeout?.boundedWait
    configuration.linger = linger.boundedWait
    return configuration
  }
}
