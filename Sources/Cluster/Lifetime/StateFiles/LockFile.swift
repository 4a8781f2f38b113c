import Foundation
import MartletWire
import MartletZeroMQ

/// A lock in a file that names the holding process. The process holds it until it ends, however it ends.
///
/// The lock belongs to the open file description. Two locks exclude each other even within one process, and inspecting
/// a lock doesn't take it. NFS passes such locks on to other hosts if it supports locks at all.
struct LockFile: ~Copyable, Sendable {
  /// What a lock looks like from outside.
  enum State: Sendable, Hashable {
    case held, free
    /// There is no file.
    case missing
    /// The file can't be opened, or its file system doesn't support locks.
    case unusable(String)
  }

  let path: String
  /// The state before the lock was taken: ``State/free`` or ``State/missing``.
  let previousState: State
  private let descriptor: Int32

  deinit { close(descriptor) }

  /// Takes a lock, creating the file if it is missing. On a file system without locks, this succeeds without a lock.
  ///
  /// - Returns: `nil` when the lock is held elsewhere.
  /// - Throws: `PrivateFileError` when the file can't be used.
  static func acquire(_ path: String) throws(PrivateFileError) -> LockFile? {
    while true {
      let lock = try LockFile(opening: path)
      guard lock.lock() else { return nil }
      // The previous holder may have removed the file after it was opened here.
      if lock.isInPlace { return lock }
    }
  }

  private init(opening path: String) throws(PrivateFileError) {
    func open(_ flags: Int32) -> Int32 { Self.open(path, O_RDWR | flags) }
    Self.removeOthers(path)
    var previousState = State.free
    var descriptor = open(0)
    if descriptor < 0, errno == ENOENT {
      previousState = .missing
      // When two callers race, one creates the file and the other finds it.
      descriptor = open(O_CREAT | O_EXCL)
      if descriptor < 0, errno == EEXIST {
        previousState = .free
        descriptor = open(0)
      }
    }
    guard descriptor >= 0 else { throw PrivateFileError(path, String(cString: strerror(errno))) }
    self.path = path
    self.previousState = previousState
    self.descriptor = descriptor
  }

  /// Opens a lock file. Corrects a wrong mode of the user's own file, because replacing the file would lose the lock.
  private static func open(_ path: String, _ flags: Int32) -> Int32 {
    let flags = flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
    let descriptor = Foundation.open(path, flags, 0o600)
    guard descriptor < 0, errno == EACCES, chmod(path, 0o600) == 0 else { return descriptor }
    return Foundation.open(path, flags, 0o600)
  }

  /// Removes anything at a lock's path that isn't a regular file. Nobody holds a lock on it.
  private static func removeOthers(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return }
    _ = unlink(path) == 0 || rmdir(path) == 0
  }

  /// Writes the holder into the file.
  ///
  /// - Throws: `PrivateFileError` when the disk is full or fails.
  borrowing func write(_ process: ProcessReference) throws(PrivateFileError) {
    let bytes = JSONValue.object(process.fields).bytes.array
    guard pwrite(descriptor, bytes, bytes.count, 0) == bytes.count, ftruncate(descriptor, off_t(bytes.count)) == 0,
      fsync(descriptor) == 0
    else { throw PrivateFileError(path, String(cString: strerror(errno))) }
  }

  /// Releases the lock and removes the file.
  consuming func remove() {
    if isInPlace { unlink(path) }
  }

  /// The state of a lock, without taking it.
  static func state(of path: String) -> State {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else {
      return errno == ENOENT || errno == ENOTDIR ? .missing : .unusable(String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      return .unusable("it is not a regular file")
    }
    var request = flock()
    request.l_type = Int16(F_WRLCK)
    request.l_whence = Int16(SEEK_SET)
    guard fcntl(descriptor, Command.get, &request) == 0 else { return .unusable(String(cString: strerror(errno))) }
    return request.l_type == Int16(F_UNLCK) ? .free : .held
  }

  /// The process that holds a lock or held it last.
  ///
  /// - Returns: `nil` when there is no file.
  /// - Throws: `PrivateFileError` when the file doesn't name the process.
  static func holder(_ path: String) throws(PrivateFileError) -> ProcessReference? {
    guard let json = try PrivateFile.readJSON(path, sizeLimit: 1 << 16) else { return nil }
    do {
      return try ProcessReference(json: json)
    } catch {
      throw PrivateFileError(path, error.description)
    }
  }

  /// Tries to take the lock. Also returns `true` if the file system doesn't support locks.
  private borrowing func lock() -> Bool {
    var request = flock()
    request.l_type = Int16(F_WRLCK)
    request.l_whence = Int16(SEEK_SET)
    return fcntl(descriptor, Command.set, &request) == 0 || (errno != EAGAIN && errno != EACCES)
  }

  /// Whether the open file is still the one at its path.
  private var isInPlace: Bool {
    var own = stat()
    var there = stat()
    return fstat(descriptor, &own) == 0 && stat(path, &there) == 0 && own.st_ino == there.st_ino
      && own.st_dev == there.st_dev
  }

  /// The fcntl(2) commands for open file description locks; glibc declares them only to GNU programs.
  private enum Command {
    #if os(Linux)
      static let get: Int32 = 36
      static let set: Int32 = 37
    #else
      static let get = F_OFD_GETLK
      static let set = F_OFD_SETLK
    #endif
  }
}
