/// The neighbours of a record in a ``HandleList``.
struct ListLinks<Tag>: Sendable {
  @Packed var previous: Handle<Tag>? = nil
  @Packed var next: Handle<Tag>? = nil
}

/// The ends of a doubly linked list threaded through the records of a slab.
///
/// A record needs one ``ListLinks`` for each list it can be in at the same time.
struct HandleList<Tag>: Sendable {
  /// Passes the links of a record to a change.
  typealias Access = (_ handle: Handle<Tag>, _ change: (inout ListLinks<Tag>) -> Void) -> Void

  @Packed private(set) var first: Handle<Tag>? = nil
  @Packed private var last: Handle<Tag>? = nil
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  // Inlining removes the closures.

  @inline(__always)
  mutating func append(_ handle: Handle<Tag>, _ access: Access) {
    access(handle) { $0 = ListLinks(previous: last) }
    if let last { access(last) { $0.next = handle } } else { first = handle }
    last = handle
    count += 1
  }

  @inline(__always)
  mutating func prepend(_ handle: Handle<Tag>, _ access: Access) {
    access(handle) { $0 = ListLinks(next: first) }
    if let first { access(first) { $0.previous = handle } } else { last = handle }
    first = handle
    count += 1
  }

  /// Removes the record that has these links.
  @inline(__always)
  mutating func unlink(_ links: ListLinks<Tag>, _ access: Access) {
    if let previous = links.previous { access(previous) { $0.next = links.next } } else { first = links.next }
    if let next = links.next { access(next) { $0.previous = links.previous } } else { last = links.previous }
    count -= 1
  }
}

/// A record that can be in one list.
protocol ListElement<Tag> {
  associatedtype Tag
  var links: ListLinks<Tag> { get set }
}
