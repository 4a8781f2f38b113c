import Crypto
import Foundation
import MartletZeroMQ

/// Signs and verifies messages with HMAC (RFC 2104), in the schemes common to Python's hashlib and swift-crypto.
///
/// The key is hashed once; the hash states after the inner and outer pad are copied for every message.
public struct MessageSigner: Sendable {
  private let hash: MessageHash
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
    hash =
      switch scheme {
      case "hmac-md5": MessageHash(Insecure.MD5.self, key: key)
      case "hmac-sha1": MessageHash(Insecure.SHA1.self, key: key)
      case "hmac-sha256": MessageHash(SHA256.self, key: key)
      case "hmac-sha384": MessageHash(SHA384.self, key: key)
      case "hmac-sha512": MessageHash(SHA512.self, key: key)
      case "hmac-sha3_256": MessageHash(SHA3_256.self, key: key, blockSize: 136)
      case "hmac-sha3_384": MessageHash(SHA3_384.self, key: key, blockSize: 104)
      case "hmac-sha3_512": MessageHash(SHA3_512.self, key: key, blockSize: 72)
      default: throw WireError(.unknown, "signature scheme \(scheme) is not supported, use for example hmac-sha256")
      }
    self.scheme = scheme
  }

  /// The signature of four consecutive frames, as lower-case hexadecimal ASCII; frames that aren't there count as empty.
  public func signature(of message: borrowing Multipart, from first: Int) -> [UInt8] {
    hash.hex(message, min(max(first, 0), message.count))
  }

  /// Replaces a frame with the signature of the four frames after it.
  func sign(_ message: inout Multipart, at index: Int) { hash.sign(&message, index) }

  /// The fingerprint of a valid signature, as returned by ``verify(_:layout:)``; `nil` for a text that isn't a signature.
  static func fingerprint(of signature: String) -> UInt64? { UInt64(signature.prefix(16), radix: 16) }

  /// Verifies a message's signature, in time that depends only on its length.
  ///
  /// - Returns: the signature's fingerprint for replay detection; `nil` when the signature doesn't match.
  public func verify(_ message: borrowing Multipart, layout: MessageLayout) -> UInt64? {
    hash.verify(message, layout.signature)
  }
}

/// A keyed hash of four frames.
///
/// The functions are made where the type of the hash is known, so that the compiler specialises them. In a class, as a
/// reference is cheap to copy with each message.
private final class MessageHash: Sendable {
  let hex: @Sendable (_ message: borrowing Multipart, _ first: Int) -> [UInt8]
  let sign: @Sendable (_ message: inout Multipart, _ index: Int) -> Void
  let verify: @Sendable (_ message: borrowing Multipart, _ index: Int) -> UInt64?

  init<Function: HashFunction & Sendable>(
    _ function: Function.Type, key: [UInt8], blockSize: Int = Function.blockByteCount
  ) {
    let hash = KeyedHash<Function>(key: key, blockSize: blockSize)
    hex = { hash.hex($0, from: $1) }
    sign = { hash.sign(&$0, at: $1) }
    verify = { hash.verify($0, at: $1) }
  }
}

/// The two hash states of HMAC after hashing the padded key.
private struct KeyedHash<Function: HashFunction & Sendable>: Sendable {
  private let inner: Function
  private let outer: Function

  init(key: [UInt8], blockSize: Int) {
    var padded = key.count > blockSize ? Array(Function.hash(data: key)) : key
    padded.append(contentsOf: repeatElement(0, count: blockSize - padded.count))
    var inner = Function()
    inner.update(data: padded.map { $0 ^ 0x36 })
    var outer = Function()
    outer.update(data: padded.map { $0 ^ 0x5C })
    self.inner = inner
    self.outer = outer
  }

  /// The authentication code of four consecutive frames.
  private func code(_ message: borrowing Multipart, from first: Int) -> Function.Digest {
    var inner = inner
    message.forEachChunk(of: first..<(first + 4)) { chunk in
      chunk.withUnsafeBytes { inner.update(bufferPointer: $0) }
    }
    var outer = outer
    inner.finalize().withUnsafeBytes { outer.update(bufferPointer: $0) }
    return outer.finalize()
  }

  func hex(_ message: borrowing Multipart, from first: Int) -> [UInt8] {
    var text = Multipart(minimumCapacity: 1)
    text.append("")
    code(message, from: first).withUnsafeBytes { text.replace(0, withHexOf: $0.bytes) }
    return text.shared(0).array
  }

  func sign(_ message: inout Multipart, at index: Int) {
    code(message, from: index + 1).withUnsafeBytes { message.replace(index, withHexOf: $0.bytes) }
  }

  func verify(_ message: borrowing Multipart, at index: Int) -> UInt64? {
    let given = message.bytes(at: index)
    return code(message, from: index + 1).withUnsafeBytes { code in
      guard given.equals(hexOf: code.bytes) else { return nil }
      // The code is as good as random, so its first eight bytes serve as a fingerprint.
      return code.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
  }
}
