#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Bytes {
  /// The bytes of a `Data`; a large one is kept, not copied.
  public init(_ data: Data) {
    // A `Data` holds only a few bytes inline, and those are copied. The memory of more bytes stays in place while a copy
    // of the `Data` is held; code that changes another copy gets memory of its own first.
    self = data.withUnsafeBytes { Bytes(keeping: data, memory: $0) }
  }

  /// A copy as `Data`, which the caller may change in place.
  public var data: Data { withUnsafeBytes { Data($0) } }
}
