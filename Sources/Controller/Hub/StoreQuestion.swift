import MartletWire
import MartletZeroMQ

/// The sender of a request, with what an answer needs.
struct Asker {
  /// The routing identities of the sender.
  let identities: [Bytes]
  /// The request's type.
  let type: String
  /// The request's header, which becomes the parent header of the answer.
  let header: Bytes

  init(_ request: Message) {
    identities = Array(request.identities.prefix(1))
    type = request.header.messageType
    header = request.headerBytes
  }
}

/// A request waiting for an answer of the task store.
struct StoreQuestion {
  /// The kind of request, with the data its answer needs.
  enum Purpose {
    case results(ResultRequest)
    case history
    /// The keys are nil if the request named none.
    case database(keys: [TaskRecordKey]?)
    /// Records are purged even if the request as a whole fails.
    case purge(failure: HubError?)
    /// The ids in ascending order.
    case resubmission([String])
  }

  let asker: Asker
  let purpose: Purpose
}

/// A `result_request`, with the hub's knowledge of the tasks when it arrived.
struct ResultRequest {
  /// The ids in ascending order.
  var ids: [String]
  var statusOnly: Bool
  /// Whether ids the hub doesn't know are listed instead of being an error.
  var allowsUnknown = false
  /// Ids of tasks that were pending.
  var pending: Set<String> = []
  /// Ids of tasks that were answered.
  var completed: Set<String> = []

  /// The ids of the tasks whose records the answer needs.
  var wanted: [String] { ids.filter { !pending.contains($0) && !(statusOnly && completed.contains($0)) } }

  /// The keys that the answer needs. They never include the buffers of requests.
  var keys: [TaskRecordKey] { statusOnly ? [.messageID, .submitted, .completed] : Self.resultKeys }

  private static let resultKeys: [TaskRecordKey] = [
    .messageID, .header, .metadata, .submitted, .completed, .received, .resultHeader, .resultMetadata, .resultContent,
    .resultBuffers, .executeInput, .executeResult, .error, .stdout, .stderr,
  ]
}
