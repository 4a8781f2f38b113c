import Foundation
import GRDB

extension SQLiteTaskStore {
  /// Why a database can't be opened, in one line that names the file and says what to do.
  static func openingFailure(_ error: any Error, path: String) -> TaskStoreError {
    let failure = error as? DatabaseError
    let isLocked = [.SQLITE_BUSY, .SQLITE_LOCKED].contains(failure?.resultCode)
    let reason = fileProblem(path) ?? failure.map { problem($0, path: path) } ?? "\(error)"
    return TaskStoreError(isLocked ? .locked : .storage, "the task database \(path) can't be used: \(reason)")
  }

  /// What the file system has against it.
  private static func fileProblem(_ path: String) -> String? {
    let files = FileManager.default
    let folder = (path as NSString).deletingLastPathComponent
    var isFolder: ObjCBool = false
    guard files.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
      return "there is no folder \(folder): create it, or name another with --SQLiteDB.location"
    }
    let exists = files.fileExists(atPath: path, isDirectory: &isFolder)
    if exists, isFolder.boolValue { return "it is a folder: name another file with --SQLiteDB.filename" }
    if exists, !files.isReadableFile(atPath: path) || !files.isWritableFile(atPath: path) {
      return "this user may not read and write it: change its permissions, or \(elsewhere)"
    }
    if !files.isWritableFile(atPath: folder) {
      return "this user may not write to its folder, which SQLite's journal needs: change the folder's permissions, or "
        + elsewhere
    }
    return nil
  }

  /// What SQLite has against it.
  private static func problem(_ error: DatabaseError, path: String) -> String {
    switch error.resultCode {
    case .SQLITE_NOTADB where isFromNewerSQLite(path), .SQLITE_READONLY where isFromNewerSQLite(path):
      "a newer version of SQLite wrote it (\(error)): use that one, or \(elsewhere)"
    case .SQLITE_NOTADB: "it is not a SQLite database: move it away, or \(elsewhere)"
    case .SQLITE_CORRUPT:
      "it is damaged (\(error)): move it away, `sqlite3 FILE .recover` may save what it holds; or \(elsewhere)"
    case .SQLITE_BUSY, .SQLITE_LOCKED: "another process has locked it: end that, or \(elsewhere)"
    case .SQLITE_FULL: "the disk is full: make room, or \(elsewhere)"
    case .SQLITE_READONLY: "its file system is read-only (\(error)): \(elsewhere)"
    default: "\(error); \(elsewhere)"
    }
  }

  private static let elsewhere = "name another file with --SQLiteDB.filename or --SQLiteDB.location"

  /// Whether the file's header has a format version that this SQLite doesn't know (bytes 18 and 19).
  private static func isFromNewerSQLite(_ path: String) -> Bool {
    guard let header = try? FileHandle(forReadingAtPath: path)?.read(upToCount: 20) else { return false }
    let isDatabase = header.count == 20 && header.starts(with: Data("SQLite format 3\0".utf8))
    return isDatabase && header.suffix(2).contains { $0 > 2 }
  }
}
