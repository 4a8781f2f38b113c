import Foundation
import MartletWire
import MartletZeroMQ
import Testing

@Suite struct PrivateFileTests {
  private let folder = "\(NSTemporaryDirectory())private-file-\(UUID().uuidString)"
  private var path: String { "\(folder)/f.json" }

  init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

  private func read(_ text: String) throws -> JSONValue? {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return try PrivateFile.readJSON(path)
  }

  @Test(arguments: [true, false]) func leavesOneClosedFile(isDurable: Bool) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for text in ["1", #"{"a": 2}"#] { try PrivateFile.write(Data(text.utf8), to: path, isDurable: isDurable) }
    #expect(try PrivateFile.readJSON(path) == ["a": 2])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["f.json"])
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
  }

  @Test func missingFilesAreNone() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(try PrivateFile.readJSON(path) == nil)
    #expect(try PrivateFile.readJSON("/dev/null/x") == nil)
  }

  @Test(arguments: ["", "{", #"{"a": 1"#, "\u{0}\u{0}\u{0}\u{0}", "x"]) func damageIsReported(text: String) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let error = #expect(throws: PrivateFileError.self) { try read(text) }
    #expect(error?.path == path)
  }

  @Test func tellsWhatIsNoFile() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let folderError = #expect(throws: PrivateFileError.self) { try PrivateFile.readJSON(folder) }
    #expect(folderError?.reason == "it is a directory")
    // Opening a pipe without a writer as a regular file would block indefinitely.
    #expect(mkfifo(path, 0o600) == 0)
    let pipeError = #expect(throws: PrivateFileError.self) { try PrivateFile.readJSON(path) }
    #expect(pipeError?.reason == "it is not a regular file")
  }

  @Test func refusesWhatIsTooLarge() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(try read("[1]") == [1])
    #expect(throws: PrivateFileError.self) { try PrivateFile.readJSON(path, sizeLimit: 2) }
  }

  @Test func failedWritesLeaveNothing() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    #expect(throws: PrivateFileError.self) { try PrivateFile.write(Data("1".utf8), to: path) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["f.json"])
  }
}
