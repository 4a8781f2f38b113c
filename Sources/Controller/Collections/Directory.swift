/// A record that a ``Directory`` finds by its identifier.
protocol DirectoryRecord<Tag> {
  associatedtype Tag
  var id: String { get }
  /// The identifier's ``Swift/String/identifierHash``.
  var hash: UInt32 { get }
}

/// A slab whose records are found by identifier.
///
/// An identifier is hashed when it is looked up or inserted, and not when its record is removed.
struct Directory<Record: DirectoryRecord> {
  typealias Tag = Record.Tag

  private var slab: Slab<Tag, Record>
  private var index = IdentifierTable<Tag>()

  /// An empty directory.
  ///
  /// - Parameter vacant: the value that replaces a removed record.
  init(vacant: Record) { slab = Slab(vacant: vacant) }

  /// The number of records.
  var count: Int { slab.count }

  /// All handles have an index below this.
  var indexLimit: Int { slab.indexLimit }

  /// The number of records and index entries that memory is allocated for.
  var capacity: Int { max(slab.capacity, index.capacity) }

  subscript(handle: Handle<Tag>) -> Record {
    @inline(__always) get { slab[handle] }
    @inline(__always) _modify { yield &slab[handle] }
  }

  /// Whether there is a record at a handle, possibly a later one than the handle was made for.
  func contains(_ handle: Handle<Tag>) -> Bool { slab.contains(handle) }

  func find(_ id: String) -> Handle<Tag>? { find(id, hash: id.identifierHash) }

  /// As ``find(_:)``, if the hash is known.
  func find(_ id: String, hash: UInt32) -> Handle<Tag>? {
    index.find(hash: hash) { slab[$0].id == id }
  }

  /// Adds a record whose identifier is not in the directory.
  mutating func insert(_ record: consuming Record) -> Handle<Tag> {
    let hash = record.hash
    let handle = slab.insert(consume record)
    index.insert(hash: hash, handle)
    return handle
  }

  /// Removes a record that is in no list.
  mutating func remove(_ handle: Handle<Tag>) {
    index.remove(hash: slab[handle].hash, handle)
    slab.remove(handle)
  }

  /// Calls a closure with each record.
  func visit(_ body: (Handle<Tag>, Record) -> Void) { slab.visit(body) }
}

extension Directory: Sendable where Record: Sendable {}

extension Directory where Record: ListElement {
  mutating func append(_ handle: Handle<Tag>, to list: inout HandleList<Tag>) { slab.append(handle, to: &list) }

  mutating func prepend(_ handle: Handle<Tag>, to list: inout HandleList<Tag>) { slab.prepend(handle, to: &list) }

  mutating func unlink(_ handle: Handle<Tag>, from list: inout HandleList<Tag>) { slab.unlink(handle, from: &list) }

  /// The handles in a list, in order.
  func handles(in list: HandleList<Tag>) -> [Handle<Tag>] { slab.handles(in: list) }
}
