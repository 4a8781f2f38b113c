import Foundation
import Logging
import MartletWire

/// Writes lines such as `2026-01-02 03:04:05.678 [IPController] WARNING | message key=value` to a descriptor.
public struct LineLogHandler: LogHandler {
  /// Metadata added to each line.
  public var metadata: Logger.Metadata = [:]
  /// The least severe level that is written.
  public var logLevel: Logger.Level
  private let name: String
  private let output: FileHandle

  /// Creates a handler.
  ///
  /// - Parameters:
  ///   - name: the name shown in brackets in each line.
  ///   - level: the least severe level that is written.
  ///   - output: where lines go; standard error by default.
  public init(name: String, level: Logger.Level, output: FileHandle = .standardError) {
    self.name = name
    self.output = output
    logLevel = level
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Writes an event as one line.
  public func log(event: LogEvent) {
    let cause = event.error.map { ": \($0)" } ?? ""
    let line = Self.line(
      name: name, level: event.level, message: "\(event.message)\(cause)",
      metadata: event.metadata.map { metadata.merging($0) { $1 } } ?? metadata, date: Date())
    // A single write per line keeps the lines of different threads apart. Ignore errors: a log that can't be written
    // has no reader.
    try? output.write(contentsOf: Data(line.utf8))
  }

  static func line(
    name: String, level: Logger.Level, message: String, metadata: Logger.Metadata, date: Date
  ) -> String {
    var line = "\(timestamp(date)) [\(name)]"
    if let severity = level.prominentName { line += " \(severity) |" }
    line += " \(message)"
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { line += " \(key)=\(value)" }
    return line + "\n"
  }

  private static func timestamp(_ date: Date) -> String {
    let parts = Calendar.current.dateComponents(
      [.year, .month, .day, .hour, .minute, .second, .nanosecond], from: date)
    func padded(_ number: Int?, _ width: Int) -> String {
      let digits = String(number ?? 0)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    return "\(padded(parts.year, 4))-\(padded(parts.month, 2))-\(padded(parts.day, 2)) "
      + "\(padded(parts.hour, 2)):\(padded(parts.minute, 2)):\(padded(parts.second, 2))"
      + ".\(padded((parts.nanosecond ?? 0) / 1_000_000, 3))"
  }
}

extension ApplicationOptions {
  /// Makes the role's logger. It writes to standard error, or to `log/PROGRAM-CLUSTERID-PID.log` in the profile.
  ///
  /// - Parameters:
  ///   - program: the program in the file's name, for example `ipcontroller`.
  ///   - name: the name in each line, for example `IPController`.
  ///   - standardError: where lines go if they don't go to a file.
  /// - Throws: ``OptionError`` when the file can't be created.
  public func makeLogger(
    program: String, name: String, standardError: FileHandle = .standardError
  ) throws(OptionError) -> Logger {
    if cleanLogs { profile.removeLogs { $0.hasPrefix("\(program)-") } }
    var output = standardError
    if logToFile {
      let path = "\(profile.log)/\(program)-\(clusterID)-\(ProcessIdentity.pid).log"
      guard FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600]),
        let file = FileHandle(forWritingAtPath: path)
      else { throw OptionError("the log file \(path) can't be made") }
      output = file
    }
    let handler = LineLogHandler(name: name, level: logLevel, output: output)
    return Logger(label: program) { _ in handler }
  }
}

extension ProfileDirectory {
  /// Removes the log files whose names match.
  func removeLogs(where fits: (String) -> Bool) {
    for file in (try? FileManager.default.contentsOfDirectory(atPath: log)) ?? [] where fits(file) {
      try? FileManager.default.removeItem(atPath: "\(log)/\(file)")
    }
  }
}
