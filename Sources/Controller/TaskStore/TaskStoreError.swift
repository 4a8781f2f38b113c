/// Why a task store could not do what it was asked.
package struct TaskStoreError: Error, Sendable, CustomStringConvertible {
  /// The kinds of failure.
  package enum Code: Sendable, Hashable {
    /// A record with this msg_id exists already.
    case duplicate
    /// No record has this msg_id.
    case notFound
    /// The store keeps no records at all.
    case noData
    /// A query or a list of keys names something that is no record key.
    case unknownKey
    /// A query uses an operator that does not exist.
    case unknownOperator
    /// A query compares a key with a value that it cannot be compared with.
    case invalidOperand
    /// Another process holds the lock of the database. Nothing was changed.
    case locked
    /// The database failed or holds something unreadable.
    case storage
  }

  /// The kind of failure.
  package let code: Code
  /// The failure in words.
  package let message: String

  /// A failure of a kind, described in words.
  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The Python exception that ipyparallel's hub reports in the same case: the `ename` of an error reply.
  package var exceptionName: String {
    switch code {
    case .duplicate, .notFound, .unknownKey, .unknownOperator: "KeyError"
    case .noData: "NoData"
    case .invalidOperand: "TypeError"
    case .locked, .storage: "OperationalError"
    }
  }

  /// The failure in words.
  package var description: String { message }
}
