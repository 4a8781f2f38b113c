import Foundation
import Testing

@testable import MartletWire

/// The rules of `IPython.paths.get_ipython_dir`. `test_configuration.py` compares the results with Python's.
@Suite final class IPythonDirectoryTests {
  private let home: String

  init() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("home-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    home = UserPath.resolvingLinks(folder)
  }

  deinit { try? FileManager.default.removeItem(atPath: home) }

  private func path(_ environment: [String: String] = [:]) -> String {
    IPythonDirectory.path(environment: environment.merging(["HOME": home]) { given, _ in given })
  }

  private func make(_ folder: String) throws -> String {
    try FileManager.default.createDirectory(atPath: "\(home)/\(folder)", withIntermediateDirectories: true)
    return "\(home)/\(folder)"
  }

  @Test func isInTheHomeFolderOfTheEnvironment() {
    #expect(path() == "\(home)/.ipython")
    #expect(path(["HOME": "/no/such/home"]) == "/no/such/home/.ipython")
    #expect(path(["HOME": ""]) == "/.ipython")
  }

  @Test func theVariableIsFirst() {
    #expect(path(["IPYTHONDIR": "/x/../y"]) == "/y")
    #expect(path(["IPYTHONDIR": "~/z"]) == "\(home)/z")
    #expect(path(["IPYTHONDIR": ""]) == FileManager.default.currentDirectoryPath)
  }

  @Test func anOlderFolderIsUsedWhereItIsTheOnlyOne() throws {
    let older = try make(".config/ipython")
    #expect(path() == older)
    #expect(path(["XDG_CONFIG_HOME": ""]) == older)
    #expect(path(["XDG_CONFIG_HOME": "/no/such/folder"]) == "\(home)/.ipython")
    let elsewhere = try make("xdg/ipython")
    #expect(path(["XDG_CONFIG_HOME": "\(home)/xdg"]) == elsewhere)
    _ = try make(".ipython")
    #expect(path() == "\(home)/.ipython")
  }

  @Test func linksInTheHomeFolderAreResolved() throws {
    let target = try make("target")
    try FileManager.default.createSymbolicLink(atPath: "\(home)/link", withDestinationPath: target)
    #expect(path(["HOME": "\(home)/link"]) == "\(target)/.ipython")
    #expect(path(["HOME": "\(home)/link/none"]) == "\(target)/none/.ipython")
  }
}
