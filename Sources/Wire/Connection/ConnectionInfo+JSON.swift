import MartletZeroMQ

extension ConnectionInfo {
  /// Reads the JSON of a connection file.
  ///
  /// - Throws: ``ConnectionError`` that names the missing or unusable field.
  public init(json: JSONValue) throws(ConnectionError) {
    func text(_ key: String) -> String? { json[key]?.stringValue }
    guard case .object = json else { throw ConnectionError("a connection file must be a JSON object") }
    guard let interface = text("interface"), interface.contains("://") else {
      throw ConnectionError("the connection file lacks 'interface', for example \"tcp://127.0.0.1\"")
    }
    for codec in ["pack", "unpack"] {
      if let name = text(codec), name != "json" {
        throw ConnectionError("'\(codec)' is \"\(name)\", only \"json\" is supported")
      }
    }
    self.init(kind: json["hb_ping"] == nil ? .client : .engine, interface: interface)
    key = text("key") ?? ""
    curveServerKey = text("curve_serverkey").flatMap { $0.isEmpty ? nil : $0 }
    curveKeys = CurveKeyPair(json: json)
    location = text("location") ?? ""
    signatureScheme = text("signature_scheme") ?? "hmac-sha256"
    ssh = text("ssh") ?? ""
    taskScheme = text("task_scheme")
    for channel in Channel.allCases {
      guard let value = json[channel.rawValue] else { continue }
      let items = value.arrayValue ?? [value]
      let numbers = items.compactMap(\.intValue).filter { $0 >= 0 && $0 <= 0xFFFF }
      guard !numbers.isEmpty, numbers.count == items.count else {
        throw ConnectionError("'\(channel.rawValue)' in the connection file is not a port")
      }
      ports[channel] = numbers
    }
  }

  /// The JSON of a connection file, with ipyparallel's keys.
  public var json: JSONValue {
    var fields: [String: JSONValue] = [
      "key": .string(key), "curve_serverkey": curveServerKey.map { .string($0) } ?? .null,
      "location": .string(location), "pack": "json", "unpack": "json",
      "signature_scheme": .string(signatureScheme), "ssh": .string(ssh), "interface": .string(interface),
    ]
    if let curveKeys {
      fields["curve_publickey"] = .string(curveKeys.publicKey)
      fields["curve_secretkey"] = .string(curveKeys.secretKey)
    }
    if let taskScheme { fields["task_scheme"] = .string(taskScheme) }
    for (channel, numbers) in ports {
      let isList = channel == .broadcast && kind == .engine
      fields[channel.rawValue] = isList ? .array(numbers.map { .int($0) }) : .int(numbers.first ?? 0)
    }
    return .object(fields)
  }
}
