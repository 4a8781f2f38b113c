import Logging

extension LogThrottle {
  /// Counts an occurrence and logs it with the counts in its metadata, unless the line is left out.
  ///
  /// - Parameter metadata: may hold text of a peer, which is abbreviated.
  package mutating func log(
    _ level: Logger.Level, _ message: @autoclosure () -> Logger.Message, to logger: Logger,
    metadata: @autoclosure () -> Logger.Metadata = [:]
  ) {
    guard let line = note(at: .now) else { return }
    logger.log(level: level, message(), metadata: line.metadata(metadata()))
  }
}

extension LogThrottle.Line {
  /// The metadata of a line: texts are abbreviated and the counts added.
  func metadata(_ metadata: Logger.Metadata) -> Logger.Metadata {
    var metadata = metadata.mapValues { Logger.MetadataValue.string(Self.abbreviated("\($0)")) }
    metadata[LogKey.count] = "\(count)"
    if suppressed > 0 { metadata[LogKey.suppressed] = "\(suppressed)" }
    return metadata
  }

  /// The length of the longest text in a line.
  static let textLimit = 300

  /// A text without control characters and of limited length: a peer can neither fill the log with one line nor forge
  /// others.
  static func abbreviated(_ text: String) -> String {
    var short = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(textLimit) {
      short.append(scalar.properties.generalCategory == .control ? " " : scalar)
    }
    return String(short) + (text.unicodeScalars.dropFirst(textLimit).isEmpty ? "" : "…")
  }
}

extension RejectionLog {
  /// Counts a refused message and logs it with the counts of its kind, unless the line is left out.
  ///
  /// - Parameter metadata: says where the message came from.
  package mutating func log(
    _ error: WireError, to logger: Logger, metadata: @autoclosure () -> Logger.Metadata
  ) {
    guard let line = note(error, at: .now) else { return }
    var metadata = metadata()
    metadata[LogKey.rejected] = "\(error.code.rawValue)"
    metadata[LogKey.reason] = "\(error.reason)"
    logger.warning("refused a message", metadata: line.metadata(metadata))
  }

  /// Logs how many refusals of each kind were left out since its last line, for the end of a log.
  package mutating func logSuppressed(to logger: Logger, metadata: Logger.Metadata) {
    for (kind, line) in flush() {
      var metadata = metadata
      metadata[LogKey.rejected] = "\(kind.rawValue)"
      logger.warning("refused more messages than are logged", metadata: line.metadata(metadata))
    }
  }
}
