import Dispatch
import Foundation

#if canImport(System)
  import System
#else
  import SystemPackage
#endif

/// Ties children to this process. Their standard input is a pipe whose other end only this process holds, so it reaches
/// end of file when this process is gone, however it ended.
enum Lifeline {
  /// Tells a child that its standard input is a lifeline.
  static let variable = "MARTLET_LIFELINE"

  /// The standard input of all children. The one pipe is made before the first child, so no child can inherit the write
  /// end, which only this process may hold.
  static let childEnd: Result<FileDescriptor, any Error> = Result {
    let (readEnd, writeEnd) = try FileDescriptor.pipe()
    for end in [readEnd, writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
    return readEnd
  }

  /// Whether this process has a lifeline. Only the first call can return `true`: it removes the variable, so processes
  /// started from here don't inherit it.
  static func takeUp() -> Bool {
    defer { unsetenv(variable) }
    return ProcessInfo.processInfo.environment[variable] != nil
  }

  /// Returns when the process that started this one is gone, or when the task is cancelled.
  static func waitUntilCut() async {
    let (events, continuation) = AsyncStream.makeStream(of: Void.self)
    let source = DispatchSource.makeReadSource(fileDescriptor: FileDescriptor.standardInput.rawValue)
    source.setEventHandler {
      let data = try? FileHandle.standardInput.read(upToCount: 64)
      if data?.isEmpty ?? true { continuation.finish() }
    }
    source.resume()
    for await _ in events {}
    source.cancel()
  }
}
