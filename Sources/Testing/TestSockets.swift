import Foundation
import MartletController
import MartletWire

/// Addresses for clusters in one process.
enum TestSockets {
  /// An address that nobody uses. On Linux its sockets have names that are not files.
  static func unused() throws -> ControllerConfiguration.Interface {
    let name = "martlet-test-\(Session.randomID().suffix(20))"
    #if os(Linux)
      return .init(transport: "ipc", ip: "@\(name)")
    #else
      return .init(transport: "ipc", ip: NSTemporaryDirectory() + name)
    #endif
  }
}
