import Foundation
import Wire
import ZeroMQ

/// The few flags and variables the test engine understands, with the names ipyparallel's engine has for them.
struct TestEngineArguments {
  private var flags: [String: String] = [:]
  private let environment: [String: String]

  init(_ arguments: ArraySlice<String>, environment: [String: String]) {
    self.environment = environment
    for argument in arguments where argument.hasPrefix("--") {
      let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1).map(String.init)
      if let name = parts.first { flags[name] = parts.count > 1 ? parts[1] : "" }
    }
  }

  /// `--id`: the number to ask the hub for.
  var requestedID: Int? { flags["id"].flatMap { Int($0) } }

  /// `IPP_CURVE_PUBLICKEY` and `IPP_CURVE_SECRETKEY`.
  var curveKeys: CurveKeyPair? {
    guard let publicKey = environment["IPP_CURVE_PUBLICKEY"], let secretKey = environment["IPP_CURVE_SECRETKEY"] else {
      return nil
    }
    return CurveKeyPair(publicKey: publicKey, secretKey: secretKey)
  }

  /// The controller: `IPP_CONNECTION_INFO`, `--file`, or the file of a profile and cluster id.
  func connection() throws -> ConnectionInfo {
    if let json = environment["IPP_CONNECTION_INFO"] {
      return try ConnectionInfo(json: try JSONValue.parse(Bytes(json)))
    }
    if let path = flags["file"] { return try ConnectionFile(path: path).read() }
    let clusterID = flags["cluster-id"] ?? environment["IPP_CLUSTER_ID"] ?? ""
    return try ConnectionFile(.engine, profileDirectory: profileDirectory, clusterID: clusterID).read()
  }

  private var profileDirectory: String {
    if let directory = flags["profile-dir"] ?? environment["IPP_PROFILE_DIR"] { return directory }
    let home = environment["HOME"] ?? NSHomeDirectory()
    let ipython = flags["ipython-dir"] ?? environment["IPYTHONDIR"] ?? "\(home)/.ipython"
    return "\(ipython)/profile_\(flags["profile"] ?? "default")"
  }
}
