import CMartletZeroMQ

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A CURVE key pair in Z85 text, 40 characters each.
public struct CurveKeyPair: Sendable, Hashable {
  /// The key that others may know.
  public let publicKey: String
  /// The key to keep secret.
  public let secretKey: String

  /// A key pair of existing keys, which are not checked.
  public init(publicKey: String, secretKey: String) {
    self.publicKey = publicKey
    self.secretKey = secretKey
  }

  /// A new random key pair.
  ///
  /// - Throws: `ENOTSUP` where libzmq was built without CURVE.
  public static func generate() throws(ZeroMQError) -> CurveKeyPair {
    var publicKey = [CChar](repeating: 0, count: 41)
    var secretKey = [CChar](repeating: 0, count: 41)
    try check("zmq_curve_keypair") { zmq_curve_keypair(&publicKey, &secretKey) }
    return CurveKeyPair(publicKey: text(publicKey), secretKey: text(secretKey))
  }

  /// The key pair that belongs to a secret key.
  ///
  /// - Throws: `EINVAL` when the text is not a Z85 key.
  public init(secretKey: String) throws(ZeroMQError) {
    // libzmq would decode a text of any length into a buffer with room for a key of the right length.
    guard secretKey.utf8.count == 40, !secretKey.utf8.contains(0) else {
      throw ZeroMQError(code: EINVAL, operation: "zmq_curve_public")
    }
    var publicKey = [CChar](repeating: 0, count: 41)
    try check("zmq_curve_public") { zmq_curve_public(&publicKey, secretKey) }
    self.init(publicKey: Self.text(publicKey), secretKey: secretKey)
  }

  /// The text of a key's 32 bytes; `nil` for other bytes.
  package static func text(of key: Bytes) -> String? {
    guard key.count == 32 else { return nil }
    var characters = [CChar](repeating: 0, count: 41)
    let isEncoded = key.withSpan { span in
      span.withUnsafeBufferPointer { zmq_z85_encode(&characters, $0.baseAddress, $0.count) != nil }
    }
    return isEncoded ? text(characters) : nil
  }

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
