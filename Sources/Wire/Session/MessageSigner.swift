import Crypto
import ZeroMQ

/// Signs and verifies messages with HMAC (RFC 2104) in the schemes Python's hashlib and swift-crypto share.
///
/// The key is hashed once: the states after the inner and outer pad are copied for every message.
public struct MessageSigner: Sendable {
  private enum Algorithm: Sendable {
    case md5(KeyedHash<Insecure.MD5>)
    case sha1(KeyedHash<Insecure.SHA1>)
    case sha256(KeyedHash<SHA256>)
    case sha384(KeyedHash<SHA384>)
    case sha512(KeyedHash<SHA512>)
    case sha3256(KeyedHash<SHA3_256>)
    case sha3384(KeyedHash<SHA3_384>)
    case sha3512(KeyedHash<SHA3_512>)
  }

  private let algorithm: Algorithm
  /// The scheme's name, for example `hmac-sha256`.
  public let scheme: String

  /// A signer for a key.
  ///
  /// - Parameters:
  ///   - key: the shared secret, as the UTF-8 of the connection file's `key`.
  ///   - scheme: `hmac-` and one of md5, sha1, sha256, sha384, sha512, sha3_256, sha3_384, sha3_512.
  /// - Throws: ``WireError/Code/unknown`` for another scheme.
  public init(key: String, scheme: String = "hmac-sha256") throws(WireError) {
    let key = Array(key.utf8)
    switch scheme {
    case "hmac-md5": algorithm = .md5(KeyedHash(key: key))
    case "hmac-sha1": algorithm = .sha1(KeyedHash(key: key))
    case "hmac-sha256": algorithm = .sha256(KeyedHash(key: key))
    case "hmac-sha384": algorithm = .sha384(KeyedHash(key: key))
    case "hmac-sha512": algorithm = .sha512(KeyedHash(key: key))
    case "hmac-sha3_256": algorithm = .sha3256(KeyedHash(key: key, blockSize: 136))
    case "hmac-sha3_384": algorithm = .sha3384(KeyedHash(key: key, blockSize: 104))
    case "hmac-sha3_512": algorithm = .sha3512(KeyedHash(key: key, blockSize: 72))
    default: throw WireError(.unknown, "signature scheme \(scheme) is not supported, use for example hmac-sha256")
    }
    self.scheme = scheme
  }

  /// The signature of four consecutive frames, as lower-case hexadecimal ASCII.
  public func signature(of message: borrowing Multipart, from first: Int) -> [UInt8] {
    switch algorithm {
    case .md5(let hash): hash.hex(message, from: first)
    case .sha1(let hash): hash.hex(message, from: first)
    case .sha256(let hash): hash.hex(message, from: first)
    case .sha384(let hash): hash.hex(message, from: first)
    case .sha512(let hash): hash.hex(message, from: first)
    case .sha3256(let hash): hash.hex(message, from: first)
    case .sha3384(let hash): hash.hex(message, from: first)
    case .sha3512(let hash): hash.hex(message, from: first)
    }
  }

  /// Whether a signature fits, compared in time that depends on its length only.
  ///
  /// - Returns: the signature's fingerprint for replay detection, or `nil` when it doesn't fit.
  public func verify(_ message: borrowing Multipart, layout: MessageLayout) -> UInt64? {
    let expected = signature(of: message, from: layout.header)
    let given = message.bytes(at: layout.signature)
    guard given.count == expected.count else { return nil }
    var difference: UInt8 = 0
    for index in expected.indices { difference |= expected[index] ^ given[index] }
    guard difference == 0 else { return nil }
    // The digest is random already: its first eight bytes serve as a fingerprint.
    var fingerprint: UInt64 = 0
    for index in 0..<16 { fingerprint = fingerprint << 4 | UInt64(Self.nibble(expected[index])) }
    return fingerprint
  }

  private static func nibble(_ digit: UInt8) -> UInt8 { digit < 0x3A ? digit - 0x30 : digit - 0x57 }
}

/// The two hash states of HMAC after the padded key.
private struct KeyedHash<Function: HashFunction>: Sendable where Function: Sendable {
  private let inner: Function
  private let outer: Function

  init(key: [UInt8], blockSize: Int = Function.blockByteCount) {
    var padded = key.count > blockSize ? Array(Function.hash(data: key)) : key
    padded.append(contentsOf: repeatElement(0, count: blockSize - padded.count))
    var inner = Function()
    inner.update(data: padded.map { $0 ^ 0x36 })
    var outer = Function()
    outer.update(data: padded.map { $0 ^ 0x5C })
    self.inner = inner
    self.outer = outer
  }

  func hex(_ message: borrowing Multipart, from first: Int) -> [UInt8] {
    var inner = inner
    for index in first..<(first + 4) {
      message.bytes(at: index).withUnsafeBytes { inner.update(bufferPointer: $0) }
    }
    var outer = outer
    inner.finalize().withUnsafeBytes { outer.update(bufferPointer: $0) }
    var hex: [UInt8] = []
    hex.reserveCapacity(Function.Digest.byteCount * 2)
    for byte in outer.finalize() {
      hex.append(Self.digit(byte >> 4))
      hex.append(Self.digit(byte & 15))
    }
    return hex
  }

  private static func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x57 + nibble }
}
