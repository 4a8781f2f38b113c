import Foundation
import MartletController
import MartletWire
import MartletZeroMQ

/// Writes task records to the database in a given directory until it is killed.
///
/// It flushes after every third change, so some flushes fall between the two changes of a record. After each flush it
/// prints the number of permanent records.
@main struct TaskStoreWriter {
  let store: any TaskStore
  var changes = 0

  static func main() throws {
    var configuration = TaskStoreConfiguration()
    configuration.kind = .sqlite
    configuration.location = CommandLine.arguments.dropFirst().first ?? "."
    var writer = TaskStoreWriter(store: try configuration.makeStore(session: ""))
    try writer.run()
  }

  private mutating func run() throws {
    let found = try store.count
    if let last = try store.record("task-\(found - 1)"), last.completed == nil { try finish(found - 1) }
    for index in found... {
      var record = TaskRecord(messageID: "task-\(index)")
      record.header = Bytes("{}")
      record.buffers = [Bytes([UInt8](repeating: UInt8(truncatingIfNeeded: index), count: 300))]
      record.submitted = .now
      try store.add(record)
      try changed(records: index + 1)
      try finish(index)
    }
  }

  private mutating func finish(_ index: Int) throws {
    var update = TaskRecordUpdate()
    update.completed = .now
    update.resultBuffers = [Bytes("result \(index)")]
    update.appendStdout("done \(index)")
    try store.update("task-\(index)", update)
    try changed(records: index + 1)
  }

  private mutating func changed(records: Int) throws {
    changes += 1
    guard changes.isMultiple(of: 3) else { return }
    try store.flush()
    try FileHandle.standardOutput.write(contentsOf: Data("\(records)\n".utf8))
  }
}
