import MartletWire
import MartletZeroMQ

/// What is kept of a message that passed: its frames without identities and signature, in one piece of memory, as they
/// came. They are read when somebody asks.
public struct RecordedMessage: Sendable {
  private let frames: PackedFrames
  /// When it passed.
  public let received: Timestamp

  /// Copies a message that is about to be passed on.
  ///
  /// - Parameter keepsParent: whether anybody will ask for the parent header, which is left out otherwise.
  init(_ message: borrowing Multipart, layout: MessageLayout, keepsParent: Bool = false) {
    frames = PackedFrames(
      copying: message, from: layout.header, omitting: keepsParent ? nil : layout.parentHeader)
    received = .now
  }

  /// The header: a JSON object.
  public var header: Bytes { frames[0] }
  /// The parent header: a JSON object, or empty if it was left out.
  var parentHeader: Bytes { frames[1] }
  /// The metadata: a JSON object.
  public var metadata: Bytes { frames[2] }
  /// The content: a JSON object.
  public var content: Bytes { frames[3] }
  /// The buffers.
  public var buffers: [Bytes] { frames.frames(from: 4) }
  /// The sum of the buffers' sizes.
  public var bufferBytes: Int { frames.size(from: 4) }
  /// How much memory it takes, large buffers included.
  var byteCount: Int { frames.byteCount }

  /// When the sender made the message, or, if it did not say, when it passed.
  public var date: Timestamp { fields?.date ?? received }
  /// The session of the sender.
  public var session: String { fields?.session ?? "" }

  private var fields: MessageHeader? { header.withSpan { try? MessageHeader(scanning: $0, includingOrigin: true) } }

  /// A text in the metadata; nil if it isn't there or no text.
  func metadataText(_ name: StaticString) -> String? {
    var text: String?
    metadata.withSpan { span in
      try? JSONFields.scan(span) { key, value throws(WireError) in
        if key == name { text = try JSONText.optionalString(span, at: value) }
      }
    }
    return text
  }
}

/// A request that went to an engine or to the task scheduler, as a store is given it.
public struct TaskRequest: Sendable {
  /// Where requests go.
  public enum Queue: String, Sendable {
    /// To an engine.
    case mux
    /// To the task scheduler.
    case task
  }

  /// The id of the request.
  public let messageID: String
  /// Where it went.
  public let queue: Queue
  /// The engine it is addressed to, if it is.
  public let engineUUID: String?
  /// The request itself.
  public let message: RecordedMessage

  /// The record that begins with the request.
  public var record: TaskRecord {
    var record = TaskRecord(messageID: messageID)
    record.apply(update(of: record))
    return record
  }

  /// The change to a record that IOPub output or a resubmission made before: a resubmitted task keeps who submitted it
  /// and when, and its buffers, which are the same.
  public func update(of existing: TaskRecord) -> TaskRecordUpdate {
    var update = TaskRecordUpdate()
    update.header = message.header
    update.metadata = message.metadata
    update.content = message.content
    update.engineUUID = engineUUID
    update.queue = queue.rawValue
    update.label = message.metadataText("label")
    if existing.buffers == nil { update.buffers = message.buffers }
    if existing.submitted == nil { update.submitted = message.date }
    if existing.clientUUID == nil { update.clientUUID = message.session }
    return update
  }
}

/// The reply to a request, as a store is given it.
public struct TaskResult: Sendable {
  /// The id of the request.
  public let messageID: String
  /// The engine that answered, if it said so.
  public let engineUUID: String?
  /// The reply itself.
  public let message: RecordedMessage

  /// The change to the request's record.
  public var update: TaskRecordUpdate {
    var update = TaskRecordUpdate()
    update.resultHeader = message.header
    update.resultMetadata = message.metadata
    update.resultContent = message.content
    update.resultBuffers = message.buffers
    update.started = message.metadataText("started").flatMap { Timestamp($0) }
    update.completed = message.date
    update.received = message.received
    update.engineUUID = engineUUID
    return update
  }
}
