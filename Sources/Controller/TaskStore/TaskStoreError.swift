/// An error of a task store.
package struct TaskStoreError: Error, Sendable, CustomStringConvertible {
  /// The kinds of failure.
  package enum Code: Sendable, Hashable {
    /// A record with this msg_id already exists.
    case duplicate
    /// No record has this msg_id.
    case notFound
    /// The store keeps no records at all.
    case noData
    /// A query or a list of keys names an unknown record key.
    case unknownKey
    /// A query uses an operator that does not exist.
    case unknownOperator
    /// A query compares a key with a value of an incompatible type.
    case invalidOperand
    /// Another process holds the database lock. Nothing was changed.
    case locked
    /// The database failed or contains unreadable data.
    case storage
  }

  /// The kind of failure.
  package let code: Code
  private let text: String

  /// Creates an error with a description.
  package init(_ code: Code, _ message: String) {
    self.code = code
    text = message
  }

  /// There is no record of a task. It costs no text unless somebody reads that: records may be dropped while their tasks
  /// run, and nobody minds.
  static func notFound(_ messageID: String) -> TaskStoreError { TaskStoreError(.notFound, messageID) }

  /// A description of the failure.
  package var message: String { code == .notFound ? "no such msg_id '\(text)'" : text }

  /// The Python exception that ipyparallel's hub reports in the same case: the `ename` of an error reply.
  package var exceptionName: String {
    switch code {
    case .duplicate, .notFound, .unknownKey, .unknownOperator: "KeyError"
    case .noData: "NoData"
    case .invalidOperand: "TypeError"
    case .locked, .storage: "OperationalError"
    }
  }

  /// A description of the failure.
  package var description: String { message }
}
