import Foundation
import Testing

@testable import MartletEngine

@Suite struct PythonSourcesTests {
  @Test func everyModuleOfTheWorkerIsEmbedded() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../Sources/Engine/Python/worker/martlet_worker").standardized
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "py" }
    let names = files.map { $0.deletingPathExtension().lastPathComponent }
    #expect(
      Set(names.map { $0 == "__init__" ? "martlet_worker" : "martlet_worker.\($0)" })
        == Set(PythonSources.modules.keys))
    for file in files where file.lastPathComponent == "main.py" {
      #expect(try String(contentsOf: file, encoding: .utf8) == PythonSources.modules["martlet_worker.main"])
    }
    #expect(PythonSources.bootstrap.contains("martlet_worker"))
  }
}
