import MartletWire
import MartletZeroMQ

/// Resubmission of tasks.
extension HubState {
  mutating func resubmit(_ asker: Asker, _ content: JSONValue) throws(HubError) {
    let ids = try Self.ids(content["msg_ids"])
    try ask(
      .records(TaskQuery(ids: ids), keys: [.messageID, .header, .content, .buffers]), asker, for: .resubmission(ids))
  }

  mutating func finishResubmission(
    _ ids: [String], _ records: [TaskRecord], _ asker: Asker, at now: Moment, newID: () -> String
  ) throws(HubError) {
    guard records.count == ids.count else {
      let found = Set(records.map(\.messageID))
      throw .key("No such msg(s): \(ids.filter { !found.contains($0) })")
    }
    // All or nothing: check every task before submitting the first.
    let records = records.sorted { $0.messageID < $1.messageID }
    let headers = try records.map { (record) throws(HubError) in
      guard let header = record.header.flatMap({ try? JSONValue.parse($0) })?.objectValue else {
        throw HubError.runtime("the record of \(record.messageID) has no header")
      }
      return header
    }
    var resubmitted: [String: JSONValue] = [:]
    for (record, header) in zip(records, headers) {
      let id = newID()
      resubmit(record, header, as: id, at: now)
      resubmitted[record.messageID] = .string(id)
    }
    reply(asker, MessageType.resubmitReply, ["status": "ok", "resubmitted": .object(resubmitted)])
  }

  /// Resubmits one task under a new id.
  private mutating func resubmit(
    _ record: TaskRecord, _ header: [String: JSONValue], as id: String, at now: Moment
  ) {
    var header = header
    header["msg_id"] = .string(id)
    header["date"] = .string(now.date.text)
    let renewed = JSONValue.object(header).bytes
    var copy = TaskRecord(messageID: id)
    copy.header = renewed
    copy.metadata = Bytes("{}")
    copy.content = record.content
    copy.buffers = record.buffers
    copy.submitted = now.date
    write(.add(copy))
    var update = TaskRecordUpdate()
    update.resubmitted = id
    write(.update(update, of: record.messageID))
    requests.expect(id)
    act(.resubmit(header: renewed.array, content: record.content ?? Bytes("{}"), buffers: record.buffers ?? []))
  }
}
