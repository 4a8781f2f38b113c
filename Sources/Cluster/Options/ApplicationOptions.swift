import Foundation
import Logging

/// What the roles have in common: profile, cluster, logging.
public struct ApplicationOptions: Sendable, Hashable {
  /// The profile.
  public var profile: ProfileDirectory
  /// Distinguishes clusters of one profile; empty for its default one.
  public var clusterID = ""
  /// The least severe level that is logged.
  public var logLevel = Logger.Level.info
  /// Whether logs go to the profile's log folder instead of standard error.
  public var logToFile = false
  /// Whether old logs of the role are removed first.
  public var cleanLogs = false
  /// The folder to work in, or `nil` for the current one.
  public var workDirectory: String?
  /// What to do with the configuration instead of running the role.
  public var configReport: ConfigReport?

  /// Defaults in a profile.
  public init(profile: ProfileDirectory) { self.profile = profile }

  init(_ reader: inout OptionReader, classes: [String], profile: ProfileDirectory) throws(OptionError) {
    self.init(profile: profile)
    try reader.read(&clusterID, "cluster_id", of: classes, as: .text)
    guard !clusterID.contains("/") else { throw OptionError("a cluster id can't contain '/'") }
    var level = logLevel.traitletsNumber.description
    try reader.read(&level, "log_level", of: classes, as: .textOrNumber)
    guard let parsed = Logger.Level(traitlets: level) else {
      throw OptionError("--log-level should be DEBUG, INFO, WARN, ERROR, CRITICAL or a number, not \(level)")
    }
    logLevel = parsed
    try reader.read(&logToFile, "log_to_file", of: classes, as: .bool)
    try reader.read(&cleanLogs, "clean_logs", of: classes, as: .bool)
    try reader.readNonEmpty(&workDirectory, "work_dir", of: classes)
  }
}
