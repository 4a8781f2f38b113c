import MartletWire

/// Contents of error replies.
enum ErrorContent {
  /// `{status: error, ename, evalue, traceback, engine_info}`.
  static func json(ename: String, evalue: String, engineInfo: JSONValue = [:]) -> JSONValue {
    [
      "status": "error", "ename": .string(ename), "evalue": .string(evalue),
      "traceback": [.string("\(ename): \(evalue)")], "engine_info": engineInfo,
    ]
  }
}
