import MartletWire

/// A store that keeps nothing, for a hub that need not answer questions about past tasks: ipyparallel's `NoDB`.
///
/// Adding, updating and dropping succeed without effect; reading throws an error with the code `noData`.
public final class NoTaskStore: TaskStore {
  /// An empty store, which it remains.
  public init() {}

  /// Does nothing.
  public func add(_ record: TaskRecord) {}

  /// Throws `noData`.
  public func record(_ messageID: String) throws(TaskStoreError) -> TaskRecord? { throw Self.noData }

  /// Does nothing.
  public func update(_ messageID: String, _ update: TaskRecordUpdate) {}

  /// False.
  public var keepsRecords: Bool { false }

  /// Does nothing.
  public func addRequest(_ request: TaskRequest) {}

  /// Does nothing.
  public func setEngine(_ uuid: String, of messageID: String) {}

  /// Does nothing.
  public func setResult(_ result: TaskResult) {}

  /// Does nothing and returns 0.
  public func drop(matching query: JSONValue) -> Int { 0 }

  /// Throws `noData`.
  public func find(_ query: JSONValue, keys: [String]?) throws(TaskStoreError) -> [TaskRecord] { throw Self.noData }

  /// Throws `noData`.
  public func history() throws(TaskStoreError) -> [String] { throw Self.noData }

  /// 0.
  public var count: Int { 0 }

  /// Does nothing.
  public func flush() {}

  /// Does nothing.
  public func close() {}

  private static let noData = TaskStoreError(
    .noData, "this controller keeps no task records; start it with a task store to query or resubmit tasks")
}
