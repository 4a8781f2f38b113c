import Foundation
import MartletWire

/// Where a process runs: the machine, its kernel since the last boot, and the process namespace.
package struct HostIdentity: Sendable, Hashable {
  /// The host's name.
  package var name: String
  /// The installation's id, `/etc/machine-id`, if there is one.
  package var machineID: String?
  /// Identifies the running kernel until the next boot.
  package var bootID: String?
  /// The process id namespace; `nil` if `/proc` shows another namespace, which makes ids meaningless.
  package var pidNamespace: String?

  /// This process's host.
  package static let current = HostIdentity(
    name: ProcessIdentity.hostName, machineID: machineID(), bootID: bootID(), pidNamespace: pidNamespace())

  /// Whether both run on the same kernel, regardless of containers.
  func sharesKernel(with other: HostIdentity) -> Bool {
    bootID == other.bootID && (bootID != nil || isSameMachine(as: other))
  }

  /// Whether a process id denotes the same process on both.
  func sharesProcessIDs(with other: HostIdentity) -> Bool {
    sharesKernel(with: other) && pidNamespace != nil && pidNamespace == other.pidNamespace
  }

  /// Whether both are the same machine, which may have rebooted in between.
  func isSameMachine(as other: HostIdentity) -> Bool { machineID == other.machineID && name == other.name }

  #if os(Linux)
    private static func machineID() -> String? {
      ["/etc/machine-id", "/var/lib/dbus/machine-id"].lazy.compactMap(line).first { $0 != "uninitialized" }
    }

    private static func bootID() -> String? { line(of: "/proc/sys/kernel/random/boot_id") }

    private static func pidNamespace() -> String? {
      let links = FileManager.default
      // In a new namespace without its own /proc, /proc shows the processes of the old namespace.
      guard (try? links.destinationOfSymbolicLink(atPath: "/proc/self")) == "\(ProcessIdentity.pid)" else { return nil }
      return try? links.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
    }

    private static func line(of path: String) -> String? {
      guard let data = FileManager.default.contents(atPath: path) else { return nil }
      let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
      return text.isEmpty ? nil : text
    }
  #else
    private static func machineID() -> String? { systemText("kern.uuid") }
    private static func bootID() -> String? { systemText("kern.bootsessionuuid") }
    private static func pidNamespace() -> String? { "host" }

    private static func systemText(_ name: String) -> String? {
      var buffer = [UInt8](repeating: 0, count: 128)
      var size = buffer.count
      guard sysctlbyname(name, &buffer, &size, nil, 0) == 0 else { return nil }
      return String(decoding: buffer.prefix(size).prefix { $0 != 0 }, as: UTF8.self)
    }
  #endif
}
