import Logging
import MartletWire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Writes log lines to the standard error that the process was started with, even while an engine captures descriptor 2.
///
/// A handler that writes to descriptor 2 itself would turn the engine's log into output of the running task. Install
/// it before the engine runs:
///
/// ```swift
/// let stderr = DescriptorLogHandler.duplicatingStandardError()
/// LoggingSystem.bootstrap { _ in stderr }
/// ```
public struct DescriptorLogHandler: LogHandler {
  private let descriptor: Int32
  public var metadata: Logger.Metadata = [:]
  public var logLevel: Logger.Level = .info

  /// Creates a handler for the current standard error, which stays open for the life of the process.
  public static func duplicatingStandardError() -> DescriptorLogHandler {
    let copy = fcntl(2, F_DUPFD_CLOEXEC, 3)
    return DescriptorLogHandler(descriptor: copy >= 0 ? copy : 2)
  }

  /// Creates a handler that writes to an open descriptor.
  public init(descriptor: Int32) { self.descriptor = descriptor }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    let merged = metadata.merging(event.metadata ?? [:]) { _, new in new }
    let values = merged.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
    let line = Array("\(Timestamp.now.text) \(event.level) \(event.message)\(values)\n".utf8)
    // A single write keeps lines whole. A failure is ignored: it must not stop the engine.
    _ = write(descriptor, line, line.count)
  }
}
