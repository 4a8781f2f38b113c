import Foundation
import Testing

@testable import MartletCluster

@Suite struct ProfileDirectoryTests {
  @Test func makesFoldersAndClosesThem() throws {
    let folder = try TemporaryFolder()
    let profile = ProfileDirectory(name: "p", ipythonDirectory: folder.path)
    #expect(!profile.exists)
    try profile.create()
    try profile.create()
    #expect(profile.exists && profile.name == "p")
    for path in [profile.security, profile.pid] {
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect(attributes[.posixPermissions] as? Int == 0o700)
    }
    #expect(FileManager.default.fileExists(atPath: profile.log))
  }

  @Test func listsProfiles() throws {
    let folder = try TemporaryFolder()
    let profiles = try ["b", "a"].map { try folder.profile($0) }
    try folder.write("", to: "profile_file")
    #expect(ProfileDirectory.all(in: folder.path) == profiles.reversed())
    #expect(ProfileDirectory.all(in: "/no/such/folder") == [])
  }

  @Test func findsTheFolderOfProfiles() {
    #expect(ProfileDirectory.ipythonDirectory(environment: ["IPYTHONDIR": "/x/../y"]) == "/y")
    #expect(ProfileDirectory.ipythonDirectory(environment: [:]).hasSuffix("/.ipython"))
    #expect(ProfileDirectory(path: "/elsewhere").name == "/elsewhere")
  }

  @Test func saysWhyItCannotBeMade() {
    #expect(throws: OptionError.self) { try ProfileDirectory(path: "/dev/null/x").create() }
  }
}
