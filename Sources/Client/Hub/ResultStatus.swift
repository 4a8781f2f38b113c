/// Which requests have finished.
public struct ResultStatus: Sendable, Hashable {
  /// The ids of the requests that have finished.
  public let completed: [String]
  /// The ids of the requests that have not.
  public let pending: [String]
}
