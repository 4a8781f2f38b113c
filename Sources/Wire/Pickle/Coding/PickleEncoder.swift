import MartletZeroMQ

/// Writes values as pickles that Python's `pickle.loads` reads.
public struct PickleEncoder: Sendable {
  /// The pickle protocols that can be written.
  public enum Version: UInt8, Sendable, Hashable {
    /// Protocol 4, Python's default since 3.8.
    case four = 4
    /// Protocol 5, which has an opcode for `bytearray`.
    case five = 5
  }

  /// The protocol to write; default 4.
  public var version: Version
  /// Whether to put the pickle into one frame, which helps readers that stream from a file but not those that have the
  /// whole pickle; default `false`.
  public var usesFrame: Bool

  /// An encoder for a protocol.
  public init(version: Version = .four, usesFrame: Bool = false) {
    self.version = version
    self.usesFrame = usesFrame
  }

  /// Writes a value. Values nested thousands deep, which the decoder never makes, exhaust the stack.
  public func encode(_ value: PickleValue) -> Bytes {
    var writer = PickleWriter(version: version)
    writer.out.reserveCapacity(64)
    writer.out.append(PickleOpcode.proto.rawValue)
    writer.out.append(version.rawValue)
    if usesFrame {
      writer.out.append(PickleOpcode.frame.rawValue)
      writer.append(UInt64(0))
    }
    writer.write(value)
    writer.out.append(PickleOpcode.stop.rawValue)
    if usesFrame {
      let length = UInt64(writer.out.count - 11)
      for index in 0..<8 { writer.out[3 + index] = UInt8(truncatingIfNeeded: length >> (8 * UInt64(index))) }
    }
    return Bytes(writer.out)
  }
}
