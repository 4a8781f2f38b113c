import Logging

/// How a client behaves; every field has a default.
public struct ClientConfiguration: Sendable {
  /// How long to wait for the connection file and the hub's first answer. Default 10 seconds, as ipyparallel.
  public var connectTimeout: Duration = .seconds(10)
  /// How long to wait for the hub's answer to a query, and an engine's to a control request. Default 30 seconds: a
  /// Python engine answers control requests while a task runs, but a busy hub may lag.
  public var queryTimeout: Duration = .seconds(30)
  /// Threads of libzmq; one serves about a gigabyte per second. Default 1.
  public var ioThreads = 1
  /// How long unsent messages hold up ``Client/close()``. Default one second.
  public var linger: Duration = .seconds(1)
  /// Where the client says what it refused or lost. Default: label `martlet.client`.
  public var logger = Logger(label: "martlet.client")

  /// All defaults.
  public init() {}
}
