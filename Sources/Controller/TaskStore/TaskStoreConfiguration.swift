/// The kind of a hub's task store, and its limits. ipyparallel's option names are in parentheses.
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

  /// The kind of store (`db_class`). The default is memory, as in ipyparallel: it is bounded and leaves nothing to
  /// clean up.
  public var kind: Kind = .memory
  /// The maximum number of records in a memory store (`record_limit`), by default 1024.
  public var recordLimit = 1024
  /// The maximum size of all buffers in a memory store, in bytes (`size_limit`), by default 1 GiB.
  public var sizeLimit = AvailableMemory.records
  /// The part of a limit, between 0 and 1, that is freed when the limit is exceeded (`cull_fraction`), by default a
  /// tenth.
  public var cullFraction = 0.1
  /// The file of a SQLite store (`filename`).
  public var filename = "tasks.db"
  /// The directory of that file (`location`); empty means the working directory.
  public var location = ""
  /// The table of a SQLite store (`table`). A fixed name lets clients query the tasks of earlier sessions; empty gives
  /// each session its own table.
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
