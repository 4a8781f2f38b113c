import Foundation
import MartletZeroMQ

/// Files with secrets or state: mode 0600, replaced as a whole, and never trusted when they are read.
public enum PrivateFile {
  /// Writes a file as a whole, creating its folder (mode 0700) where it is missing.
  ///
  /// - Parameter isDurable: whether the content reaches the disk before the file gets its name. Without it, a power
  ///   failure can leave an empty file.
  /// - Throws: ``PrivateFileError`` or Foundation's error with the system's reason.
  public static func write(_ data: Data, to path: String, isDurable: Bool = true) throws {
    let folder = (path as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let temporary = "\(path).\(UUID().uuidString).tmp"
    // The file has its mode from the start: setting it afterwards would expose a key for a moment.
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw PrivateFileError(path, errno: errno) }
    do {
      let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
      try file.write(contentsOf: data)
      if isDurable, fsync(descriptor) != 0 { throw PrivateFileError(path, errno: errno) }
      try file.close()
      guard rename(temporary, path) == 0 else { throw PrivateFileError(path, errno: errno) }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Reads a JSON file. Whatever else has the file's name (a folder, a pipe) is reported and never waited for.
  ///
  /// - Parameter sizeLimit: in bytes; a larger file is refused unread.
  /// - Returns: `nil` when there is no file.
  /// - Throws: ``PrivateFileError`` when it can't be read, is empty or too large, or isn't JSON.
  public static func readJSON(_ path: String, sizeLimit: Int = 16 << 20) throws(PrivateFileError) -> JSONValue? {
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw PrivateFileError(path, errno: errno)
    }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw PrivateFileError(path, errno: errno) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw PrivateFileError(path, "it is a directory")
    default: throw PrivateFileError(path, "it is not a regular file")
    }
    guard status.st_size > 0 else { throw PrivateFileError(path, "it is empty") }
    guard status.st_size <= sizeLimit else { throw PrivateFileError(path, "it is larger than \(sizeLimit) bytes") }
    do {
      return try JSONValue.parse(Bytes(Array(try file.read(upToCount: sizeLimit) ?? Data())))
    } catch {
      throw PrivateFileError(path, "\(error)")
    }
  }
}

/// A file that can't be read or written.
public struct PrivateFileError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Where the file is.
  public let path: String
  /// What is wrong with it.
  public let reason: String

  /// An error with its explanation.
  public init(_ path: String, _ reason: String) {
    self.path = path
    self.reason = reason
  }

  init(_ path: String, errno: Int32) { self.init(path, String(cString: strerror(errno))) }

  /// Path and reason.
  public var description: String { "\(path): \(reason)" }
}
