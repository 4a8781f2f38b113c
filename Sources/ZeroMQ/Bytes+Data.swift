#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Bytes {
  /// The bytes of a `Data`; a large one is kept, not copied.
  public init(_ data: Data) {
    // Only few bytes sit in the `Data` itself, and those are copied. The memory behind more stays where it is as long as
    // one value of it is held, and who changes another gets memory of his own first.
    self = data.withUnsafeBytes { Bytes(keeping: data, memory: $0) }
  }

  /// A copy as `Data`, which may be changed in place.
  public var data: Data { withUnsafeBytes { Data($0) } }
}
