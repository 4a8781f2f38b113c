import Foundation
import GRDB
import Logging
import MartletWire

extension Journal {
  /// A journal that was opened, with what it says.
  struct Opened {
    let database: JournalDatabase
    let ledger: JournalLedger
    var recovery: JournalRecovery
  }

  /// Opens a journal and reads it. One that is damaged is moved aside; what could be read of it goes into a new one.
  ///
  /// - Throws: ``ControllerError`` if there can't be a journal in this place.
  static func open(path: String, limits: JournalLimits = .init(), logger: Logger) throws -> Opened {
    let exists = FileManager.default.fileExists(atPath: path)
    do {
      return try read(try JournalDatabase(path: path), isContinuation: exists, limits, logger)
    } catch let error as DatabaseError where [.SQLITE_NOTADB, .SQLITE_CORRUPT].contains(error.resultCode) {
      let aside = JournalDatabase.moveAside(path)
      logger.error(
        "the journal is damaged and was moved aside; tasks of an earlier controller may be lost",
        metadata: [LogKey.path: "\(aside)", LogKey.reason: "\(error)"])
    } catch {
      throw unusable(path, error)
    }
    do {
      return try read(try JournalDatabase(path: path), isContinuation: exists, limits, logger)
    } catch {
      throw unusable(path, error)
    }
  }

  fileprivate static func unusable(_ path: String, _ error: any Error) -> ControllerError {
    ControllerError(
      .journal,
      "the journal \(path) can't be used: \(error); make its folder writable and its file accessible, remove it, or "
        + "start without it (--no-journal)")
  }

  private static func read(
    _ database: JournalDatabase, isContinuation: Bool, _ limits: JournalLimits, _ logger: Logger
  ) throws -> Opened {
    let now = Date().timeIntervalSince1970
    var (horizon, damage): (Double?, (any Error)?)
    do {
      horizon = try database.horizon()
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
      damage = error
    }
    var ledger = JournalLedger(limits: limits, horizon: horizon ?? now)
    var recovery = JournalRecovery(isContinuation: isContinuation)
    let found = try database.ids()
    damage = damage ?? found.damage
    for id in found.ids {
      do {
        guard let row = try database.row(id) else { continue }
        recovery.note(row.entries)
        ledger.note(row.entries, as: id, at: row.time)
      } catch {
        damage = error
        recovery.noteDamage()
      }
    }
    if damage != nil, recovery.damaged == 0 { recovery.noteDamage() }
    recovery.finish()
    ledger.dropOrphans()
    // A batch is kept as a whole while anything in it is needed.
    ledger.expire(at: now)
    var opened = Opened(database: database, ledger: ledger, recovery: recovery)
    if let damage {
      try database.close()
      let aside = JournalDatabase.moveAside(database.path)
      logger.error(
        "the journal is damaged and was moved aside; what could be read goes on, other tasks are lost",
        metadata: [
          LogKey.path: "\(aside)", LogKey.reason: "\(damage)", LogKey.count: "\(recovery.damaged)",
        ])
      let renewed = try JournalDatabase(path: database.path)
      // Anything may be missing, so it can't be said of any earlier task that it was never accepted.
      ledger = try copy(try JournalDatabase(path: aside), to: renewed, JournalLedger(limits: limits, horizon: now))
      opened = Opened(database: renewed, ledger: ledger, recovery: recovery)
    } else if horizon == nil {
      try database.commit(.init(horizon: now))
    }
    if recovery.damaged > 0, damage == nil {
      logger.error(
        "entries of the journal can't be read and are skipped",
        metadata: [LogKey.path: "\(database.path)", LogKey.count: "\(recovery.damaged)"])
    }
    return opened
  }

  /// Copies what can be read of a damaged journal.
  ///
  /// - Returns: the ledger of the copy.
  private static func copy(
    _ damaged: JournalDatabase, to renewed: JournalDatabase, _ ledger: JournalLedger
  ) throws -> JournalLedger {
    var ledger = ledger
    try renewed.commit(.init(horizon: ledger.horizon))
    for id in try damaged.ids().ids {
      guard let row = try? damaged.row(id) else { continue }
      try renewed.commit(.init(added: [row]))
      ledger.note(row.entries, as: id, at: row.time)
    }
    ledger.dropOrphans()
    try damaged.close()
    return ledger
  }
}
