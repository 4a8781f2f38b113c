/// A Swift type with the layout of a numpy element type.
public protocol NDArrayElement: Sendable {
  /// The integer with the same bits.
  associatedtype Bits: FixedWidthInteger & BitwiseCopyable & Sendable
  /// The dtype without byte order, such as `f8`.
  static var numpyType: String { get }
  /// The bits of the value.
  var numpyBits: Bits { get }
  /// The value with these bits, in this machine's byte order.
  init(numpyBits: Bits)
}

extension NDArrayElement where Self: FixedWidthInteger {
  /// `i` or `u` and the size in bytes.
  public static var numpyType: String { (isSigned ? "i" : "u") + String(bitWidth / 8) }
}

extension NDArrayElement where Self == Bits {
  /// The value itself.
  public var numpyBits: Self { self }

  /// The value itself.
  public init(numpyBits: Self) { self = numpyBits }
}

extension Int8: NDArrayElement { public typealias Bits = Int8 }
extension Int16: NDArrayElement { public typealias Bits = Int16 }
extension Int32: NDArrayElement { public typealias Bits = Int32 }
extension Int64: NDArrayElement { public typealias Bits = Int64 }
extension Int: NDArrayElement { public typealias Bits = Int }
extension UInt8: NDArrayElement { public typealias Bits = UInt8 }
extension UInt16: NDArrayElement { public typealias Bits = UInt16 }
extension UInt32: NDArrayElement { public typealias Bits = UInt32 }
extension UInt64: NDArrayElement { public typealias Bits = UInt64 }
extension UInt: NDArrayElement { public typealias Bits = UInt }

extension Double: NDArrayElement {
  /// `f8`.
  public static var numpyType: String { "f8" }
  /// The bit pattern.
  public var numpyBits: UInt64 { bitPattern }
  /// The value with this bit pattern.
  public init(numpyBits: UInt64) { self.init(bitPattern: numpyBits) }
}

extension Float: NDArrayElement {
  /// `f4`.
  public static var numpyType: String { "f4" }
  /// The bit pattern.
  public var numpyBits: UInt32 { bitPattern }
  /// The value with this bit pattern.
  public init(numpyBits: UInt32) { self.init(bitPattern: numpyBits) }
}

extension Bool: NDArrayElement {
  /// `b1`.
  public static var numpyType: String { "b1" }
  /// 1 or 0.
  public var numpyBits: UInt8 { self ? 1 : 0 }
  /// `false` for 0 only.
  public init(numpyBits: UInt8) { self = numpyBits != 0 }
}
