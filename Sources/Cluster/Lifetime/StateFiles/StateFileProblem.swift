import MartletWire

/// A state file that can't be used.
package struct StateFileProblem: Error, Sendable, Hashable, CustomStringConvertible {
  package let path: String
  /// What is wrong with the file.
  package let reason: String
  /// Whether a later version of Martlet wrote the file, which may then describe a running cluster.
  package var isNewer = false

  /// Path and reason.
  package var description: String { "\(path) is unusable: \(reason)" }

  /// Reads and decodes a JSON file.
  ///
  /// - Returns: `nil` when there is no file.
  /// - Throws: ``StateFileProblem`` when it can't be read, parsed or decoded.
  static func reading<Content>(
    _ path: String, _ decode: (JSONValue) throws -> Content
  ) throws(StateFileProblem) -> Content? {
    do {
      return try PrivateFile.readJSON(path).map(decode)
    } catch let problem as StateFileProblem {
      throw problem
    } catch let error as PrivateFileError {
      throw StateFileProblem(path: path, reason: error.reason)
    } catch {
      throw StateFileProblem(path: path, reason: "\(error)")
    }
  }
}
