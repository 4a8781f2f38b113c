import Foundation
import Logging
import Testing

@testable import MartletCluster

@Suite struct LogHandlerTests {
  @Test func writesTheOriginalsFormat() throws {
    var parts = DateComponents(year: 2026, month: 1, day: 2, hour: 3, minute: 4, second: 5)
    parts.nanosecond = 678_500_000
    let date = try #require(Calendar.current.date(from: parts))
    let info = LineLogHandler.line(name: "IPController", level: .info, message: "hello", metadata: [:], date: date)
    #expect(info == "2026-01-02 03:04:05.678 [IPController] hello\n")
    let warning = LineLogHandler.line(
      name: "X", level: .warning, message: "m", metadata: ["b": "2", "a": "1"], date: date)
    #expect(warning == "2026-01-02 03:04:05.678 [X] WARNING | m a=1 b=2\n")
  }

  @Test func writesToTheProfile() throws {
    let folder = try TemporaryFolder()
    var application = ApplicationOptions(profile: try folder.profile())
    try folder.write("old", to: "profile_default/log/ipengine-old.log")
    application.logToFile = true
    application.cleanLogs = true
    application.clusterID = "c"
    let logger = try application.makeLogger(program: "ipengine", name: "IPEngine")
    logger.debug("hidden")
    logger.error("shown")
    let files = try FileManager.default.contentsOfDirectory(atPath: application.profile.log)
    #expect(files == ["ipengine-c-\(ProcessInfo.processInfo.processIdentifier).log"])
    let log = FileManager.default.contents(atPath: "\(application.profile.log)/\(files[0])") ?? Data()
    #expect(String(decoding: log, as: UTF8.self).hasSuffix(" [IPEngine] ERROR | shown\n"))
  }
}
