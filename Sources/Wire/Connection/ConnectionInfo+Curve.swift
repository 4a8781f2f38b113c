import MartletZeroMQ

extension ConnectionInfo {
  /// CURVE for the sockets of a peer; `nil` without.
  ///
  /// - Parameter own: the peer's keys, which outweigh those of the connection. Without any it gets new ones.
  /// - Throws: `ENOTSUP` where libzmq was built without CURVE.
  package func curveRole(_ own: CurveKeyPair? = nil) throws(ZeroMQError) -> CurveRole? {
    guard let curveServerKey else { return nil }
    if let keys = own ?? curveKeys { return .client(keys, serverKey: curveServerKey) }
    return .client(try .generate(), serverKey: curveServerKey)
  }
}

extension CurveKeyPair {
  /// The keys of a connection file, if it has both.
  init?(json: JSONValue) {
    guard let publicKey = json["curve_publickey"]?.stringValue, let secretKey = json["curve_secretkey"]?.stringValue,
      publicKey.utf8.count == 40, secretKey.utf8.count == 40
    else { return nil }
    self.init(publicKey: publicKey, secretKey: secretKey)
  }
}
