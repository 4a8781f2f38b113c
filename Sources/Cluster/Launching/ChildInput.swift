import Foundation
import Synchronization

#if canImport(System)
  import System
#else
  import SystemPackage
#endif

/// The standard input of one child: a pipe with a line that nobody else may read, which ends when this process closes it
/// or is gone.
final class ChildInput: Sendable {
  /// The end to give to the child.
  let childEnd: FileDescriptor
  private let ends: Mutex<Ends>

  private struct Ends {
    var child: FileDescriptor?
    var own: FileDescriptor?
  }

  /// A pipe that holds a line.
  ///
  /// - Throws: ``OptionError`` with the system's reason.
  init(line: String) throws(OptionError) {
    do {
      let (readEnd, writeEnd) = try FileDescriptor.pipe()
      // Children of other threads don't inherit the ends: a child is started with its standard streams alone.
      for end in [readEnd, writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
      childEnd = readEnd
      ends = Mutex(Ends(child: readEnd, own: writeEnd))
      // A connection is shorter than what a pipe holds, so this doesn't wait for a reader.
      try writeEnd.writeAll(Array("\(line)\n".utf8))
    } catch {
      throw OptionError("the standard input of a process can't be made: \(error)")
    }
  }

  deinit {
    close()
    closeChildEnd()
  }

  /// Closes this process's copy of the child's end.
  func closeChildEnd() {
    ends.withLock { ends in
      try? ends.child?.close()
      ends.child = nil
    }
  }

  /// Ends the child's standard input.
  func close() {
    ends.withLock { ends in
      try? ends.own?.close()
      ends.own = nil
    }
  }
}
