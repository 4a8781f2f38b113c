import Foundation

extension ApplicationOptions {
  /// Changes to the work directory, if one is given.
  ///
  /// - Throws: ``OptionError`` when it can't be entered.
  func enterWorkDirectory() throws(OptionError) {
    guard let workDirectory else { return }
    guard FileManager.default.changeCurrentDirectoryPath(workDirectory) else {
      throw OptionError("--work-dir: \(workDirectory) can't be entered")
    }
  }
}
