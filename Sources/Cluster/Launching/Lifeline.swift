import Dispatch
import Foundation
import MartletZeroMQ

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
    await readInput { _ in false }
  }

  /// A line of standard input, which its sender keeps open behind it.
  ///
  /// - Returns: `nil` when it ends before that.
  /// - Throws: `CancellationError`; ``OptionError`` when the line is too long.
  static func firstLine(limit: Int = 1 << 20) async throws -> String? {
    var line = Data()
    await readInput { data in
      line += data
      return line.contains(newline) || line.count > limit
    }
    try Task.checkCancellation()
    guard line.count <= limit else { throw OptionError("the line of standard input is longer than \(limit) bytes") }
    return line.firstIndex(of: newline).map { String(decoding: line[..<$0], as: UTF8.self) }
  }

  private static let newline = UInt8(ascii: "\n")

  /// Reads standard input until it ends, the task is cancelled or the reader has enough.
  private static func readInput(until hasEnough: (Data) -> Bool) async {
    let (events, continuation) = AsyncStream.makeStream(of: Data.self)
    let source = DispatchSource.makeReadSource(fileDescriptor: FileDescriptor.standardInput.rawValue)
    source.setEventHandler {
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = FileDescriptorIO.read(FileDescriptor.standardInput.rawValue, into: &buffer)
      if count > 0 { continuation.yield(Data(buffer.prefix(count))) } else { continuation.finish() }
    }
    source.resume()
    defer { source.cancel() }
    for await data in events where hasEnough(data) { return }
  }
}
