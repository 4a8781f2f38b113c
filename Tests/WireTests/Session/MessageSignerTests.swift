import Testing

@testable import MartletWire
@testable import MartletZeroMQ

/// The first two test cases of RFC 2202 (MD5, SHA-1) and RFC 4231 (SHA-2), the same inputs for SHA-3, and a key longer
/// than any block, computed with Python's hashlib. A signature covers the concatenated frames.
@Suite struct MessageSignerTests {
  struct Vector: CustomTestStringConvertible, Sendable {
    let scheme: String
    let key: String
    let data: String
    let digest: String
    var testDescription: String { "\(scheme) \(data.prefix(12))" }
  }

  /// The digests of the three inputs for each scheme.
  static let digests: KeyValuePairs = [
    "hmac-md5": [
      "9294727a3638bb1c13f48ef8158bfc9d",
      "750c783e6ab0b503eaa86e310a5db738",
      "70060221b0be774b5add34a4ef6f45ad",
    ],
    "hmac-sha1": [
      "b617318655057264e28bc0b6fb378c8ef146be00",
      "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
      "2e9d87d26f93e74093a3242749ff9ced5fd676f5",
    ],
    "hmac-sha256": [
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      "9b438f37e8cb1157240aae9e54163be1a157df4a79c5f93f33d86b1b5a93ecc7",
    ],
    "hmac-sha384": [
      "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
      "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
      "15b122d6a5ac9f5bf3eb9544829f337bf6e0b734fa4b2ac166c19f96d48465e9bf9de209d821cceed437701fdee71280",
    ],
    "hmac-sha512": [
      "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
        + "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
      "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
        + "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
      "e487a062d9f83a54d221ab4c75117a5fec1666b290410ba6ea2c0877c7893510"
        + "fe811c5f13744af354bac07a1a3dfcc74887b185360b93675af38b73a79e3a99",
    ],
    "hmac-sha3_256": [
      "ba85192310dffa96e2a3a40e69774351140bb7185e1202cdcc917589f95e16bb",
      "c7d4072e788877ae3596bbb0da73b887c9171f93095b294ae857fbe2645e1ba5",
      "4e3c0b78800aeddf14d417d81e6409f2de63dcac3104dc14de6f458b99d16fdf",
    ],
    "hmac-sha3_384": [
      "68d2dcf7fd4ddd0a2240c8a437305f61fb7334cfb5d0226e1bc27dc10a2e723a20d370b47743130e26ac7e3d532886bd",
      "f1101f8cbf9766fd6764d2ed61903f21ca9b18f57cf3e1a23ca13508a93243ce48c045dc007f26a21b3f5e0e9df4c20a",
      "bb1e0a5e83f3046ef366c2f9f3659f569dfc0f781930ab74e6d5760f208f23c94464475401be9c52437e8a0324a61784",
    ],
    "hmac-sha3_512": [
      "eb3fbd4b2eaab8f5c504bd3a41465aacec15770a7cabac531e482f860b5ec7ba"
        + "47ccb2c6f2afce8f88d22b6dc61380f23a668fd3888bb80537c0a0b86407689e",
      "5a4bfeab6166427c7a3647b747292b8384537cdb89afb3bf5665e4c5e709350b"
        + "287baec921fd7ca0ee7a0c31d022a95e1fc92ba9d77df883960275beb4e62024",
      "0e92bcbd886ef9762ec8bd604694aa1fbef42fc3e1c1f78beacfbcfa2560a66c"
        + "be77132da57e4af621a388e0d725e6fb3e40a27d4676336af8c49575c9ab910a",
    ],
  ]

  static let known: [Vector] = digests.flatMap { scheme, digests in
    let inputs = [
      (String(repeating: "\u{0B}", count: scheme == "hmac-md5" ? 16 : 20), "Hi There"),
      ("Jefe", "what do ya want for nothing?"),
      (String(repeating: "k", count: 200), "a key longer than any block"),
    ]
    return zip(inputs, digests).map { Vector(scheme: scheme, key: $0.0, data: $0.1, digest: $1) }
  }

  private func signature(_ signer: MessageSigner, _ frames: [String]) -> String {
    Bytes(signer.signature(of: Multipart(frames), from: 0)).string
  }

  @Test(arguments: known) func digests(_ vector: Vector) throws {
    let signer = try MessageSigner(key: vector.key, scheme: vector.scheme)
    #expect(signer.scheme == vector.scheme)
    #expect(signature(signer, [vector.data, "", "", ""]) == vector.digest)
    let middle = vector.data.index(vector.data.startIndex, offsetBy: vector.data.count / 2)
    let (start, end) = (String(vector.data[..<middle]), String(vector.data[middle...]))
    #expect(signature(signer, ["", start, "", end]) == vector.digest)
    // The precomputed hash states are reusable.
    #expect(signature(signer, [start, end, "", ""]) == vector.digest)
  }

  @Test(arguments: ["", "sha256", "hmac-", "hmac-sha999", "HMAC-SHA256", "hmac-blake2b"])
  func unknownSchemes(scheme: String) {
    let error = #expect(throws: WireError.self) { try MessageSigner(key: "k", scheme: scheme) }
    #expect(error?.code == .unknown)
  }

  @Test func framesThatAreNotThereCountAsEmpty() throws {
    let signer = try MessageSigner(key: "k")
    #expect(signature(signer, ["a"]) == signature(signer, ["a", "", "", ""]))
  }
}
