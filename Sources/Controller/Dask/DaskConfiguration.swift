/// How the controller starts Dask's scheduler, which a client asks for with ipyparallel's `Client.become_dask`.
public struct DaskConfiguration: Sendable, Hashable {
  /// The Python interpreters to try, in order: paths, or names on the `PATH`. The first that has the package
  /// `distributed` runs the scheduler.
  public var interpreters = ["python3"]
  /// Whether clients may have it started at all. Default: true, as in ipyparallel.
  public var isAllowed = true
  /// How long the scheduler may take to close before it is killed. Default: 5 s, enough to say goodbye to its workers.
  public var stopGrace = Duration.seconds(5)

  /// The defaults.
  public init() {}
}
