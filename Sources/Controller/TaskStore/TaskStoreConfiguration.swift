/// Which task store a hub uses, and its bounds. The names in brackets are ipyparallel's.
public struct TaskStoreConfiguration: Sendable, Hashable {
  /// The kinds of task store.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// `MemoryTaskStore` (`DictDB`).
    case memory
    /// `SQLiteTaskStore` (`SQLiteDB`).
    case sqlite
    /// `NoTaskStore` (`NoDB`).
    case none
  }

  /// The kind of store (`db_class`). Memory by default, as in ipyparallel: nothing to clean up, and bounded.
  public var kind: Kind = .memory
  /// How many records a memory store may hold (`record_limit`), by default 1024.
  public var recordLimit = 1024
  /// How many bytes of buffers a memory store may hold (`size_limit`), by default 1 GiB.
  public var sizeLimit = 1 << 30
  /// The part of a limit, between 0 and 1, that is freed when the limit is passed (`cull_fraction`), by default a tenth.
  public var cullFraction = 0.1
  /// The file of a SQLite store (`filename`).
  public var filename = "tasks.db"
  /// The directory of that file (`location`); empty means the working directory.
  public var location = ""
  /// The table of a SQLite store (`table`). With one name for all sessions the tasks of earlier ones can be queried;
  /// empty means a table of the session's own.
  public var table = "ipython-tasks"

  /// The default configuration.
  public init() {}

  /// Makes the store.
  ///
  /// - Parameter session: The id of the hub's session, which names the table if the configuration does not.
  /// - Throws: `TaskStoreError` with the code `storage` if a database cannot be opened.
  package func makeStore(session: String) throws(TaskStoreError) -> any TaskStore {
    switch kind {
    case .memory: MemoryTaskStore(recordLimit: recordLimit, sizeLimit: sizeLimit, cullFraction: cullFraction)
    case .sqlite: try SQLiteTaskStore(configuration: self, session: session)
    case .none: NoTaskStore()
    }
  }
}
