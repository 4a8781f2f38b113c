/// The position of a record in a ``Slab``: four bytes, valid until the record is removed.
///
/// The tag tells handles of different slabs apart at compile time.
struct Handle<Tag>: Hashable, Comparable, Sendable {
  /// The slot's number, for tables kept beside a slab.
  let index: Int32

  static func < (left: Self, right: Self) -> Bool { left.index < right.index }
}

/// An optional handle in four bytes, for records of which there are many.
@propertyWrapper
struct Packed<Tag>: Sendable {
  private var index: Int32

  init(wrappedValue: Handle<Tag>?) { index = wrappedValue?.index ?? -1 }

  var wrappedValue: Handle<Tag>? {
    get { index < 0 ? nil : Handle(index: index) }
    set { index = newValue?.index ?? -1 }
  }
}
