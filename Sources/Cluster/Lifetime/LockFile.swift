import Foundation
import MartletWire
import MartletZeroMQ

/// A lock that its process holds until it ends, however it ends, in a file that names the process.
///
/// It is a lock of the open file description: within one process, two of them exclude each other, and to look at one does
/// not take it. NFS passes such locks on to other hosts where it supports locks at all.
struct LockFile: ~Copyable, Sendable {
  /// What a lock looks like from outside.
  enum State: Sendable, Hashable {
    case held, free
    /// There is no file.
    case missing
    /// The file can't be opened, or its file system has no locks.
    case unusable(String)
  }

  /// Where the file is.
  let path: String
  /// The state before the lock was taken: ``State/free`` or ``State/missing``.
  let previousState: State
  private let descriptor: Int32

  deinit { close(descriptor) }

  /// Takes a lock, creating the file where it is missing. Where the file system has no locks, this succeeds without one.
  ///
  /// - Parameter isShared: whether others may hold it at the same time, shared too.
  /// - Returns: `nil` when another holds it.
  /// - Throws: `PrivateFileError` when the file can't be used.
  static func acquire(_ path: String, isShared: Bool = false) throws(PrivateFileError) -> LockFile? {
    while true {
      let lock = try LockFile(opening: path)
      guard lock.lock(isShared ? F_RDLCK : F_WRLCK) else { return nil }
      // The one who held it before may have removed the file since it was opened.
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
      // Whoever is faster creates the file; for the other it was there.
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

  /// Opens a lock file. One of the user's whose mode is wrong gets the right one: replacing it would lose the lock.
  private static func open(_ path: String, _ flags: Int32) -> Int32 {
    let flags = flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
    let descriptor = Foundation.open(path, flags, 0o600)
    guard descriptor < 0, errno == EACCES, chmod(path, 0o600) == 0 else { return descriptor }
    return Foundation.open(path, flags, 0o600)
  }

  /// Removes what has a lock's name without being a file: nobody holds a lock on it.
  private static func removeOthers(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return }
    _ = unlink(path) == 0 || rmdir(path) == 0
  }

  /// Writes who holds the lock.
  ///
  /// - Throws: `PrivateFileError` when the disk is full or fails.
  borrowing func write(_ process: ProcessReference) throws(PrivateFileError) {
    let bytes = JSONValue.object(process.fields).bytes.array
    guard pwrite(descriptor, bytes, bytes.count, 0) == bytes.count, ftruncate(descriptor, off_t(bytes.count)) == 0,
      fsync(descriptor) == 0
    else { throw PrivateFileError(path, String(cString: strerror(errno))) }
  }

  /// Gives the lock up and removes the file, unless others share the lock.
  consuming func remove() {
    if lock(F_WRLCK), isInPlace { unlink(path) }
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

  /// Who holds a lock, or held it last.
  ///
  /// - Returns: `nil` when there is no file.
  /// - Throws: `PrivateFileError` when the file doesn't say so.
  static func holder(_ path: String) throws(PrivateFileError) -> ProcessReference? {
    guard let json = try PrivateFile.readJSON(path, sizeLimit: 1 << 16) else { return nil }
    do {
      return try ProcessReference(json: json)
    } catch {
      throw PrivateFileError(path, error.description)
    }
  }

  /// Whether the lock is this one's now; true also where there are no locks.
  private borrowing func lock(_ type: Int32) -> Bool {
    var request = flock()
    request.l_type = Int16(type)
    request.l_whence = Int16(SEEK_SET)
    return fcntl(descriptor, Command.set, &request) == 0 || (errno != EAGAIN && errno != EACCES)
  }

  /// Whether the file is still the one at its path.
  private var isInPlace: Bool {
    var own = stat()
    var there = stat()
    return fstat(descriptor, &own) == 0 && stat(path, &there) == 0 && own.st_ino == there.st_ino
      && own.st_dev == there.st_dev
  }

  /// The commands of fcntl(2) for locks of open file descriptions; glibc declares them only to GNU programs.
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
