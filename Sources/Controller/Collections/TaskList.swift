/// A slot's neighbours in a list; -1 where there is none.
struct ListLinks {
  var previous: Int32 = -1
  var next: Int32 = -1
}

/// The ends of a doubly linked list threaded through slots.
struct TaskList {
  /// Hands the links of a slot to a change.
  typealias Access = (_ slot: Int32, _ change: (inout ListLinks) -> Void) -> Void

  private(set) var head: Int32 = -1
  private var tail: Int32 = -1
  private(set) var count = 0

  // Inlined, so that the access costs no call.

  @inline(__always)
  mutating func append(_ slot: Int32, _ access: Access) {
    access(slot) { $0 = ListLinks(previous: tail) }
    if tail >= 0 { access(tail) { $0.next = slot } } else { head = slot }
    tail = slot
    count += 1
  }

  @inline(__always)
  mutating func prepend(_ slot: Int32, _ access: Access) {
    access(slot) { $0 = ListLinks(next: head) }
    if head >= 0 { access(head) { $0.previous = slot } } else { tail = slot }
    head = slot
    count += 1
  }

  /// Removes the slot that has these links.
  @inline(__always)
  mutating func unlink(_ links: ListLinks, _ access: Access) {
    if links.previous >= 0 { access(links.previous) { $0.next = links.next } } else { head = links.next }
    if links.next >= 0 { access(links.next) { $0.previous = links.previous } } else { tail = links.previous }
    count -= 1
  }
}
