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

  @Test func isNamedByItsPathWhereItDoesNotFollowTheNaming() {
    #expect(ProfileDirectory(path: "/elsewhere").name == "/elsewhere")
  }

  @Test func saysWhyItCannotBeMade() {
    let error = #expect(throws: ClusterError.self) { try ProfileDirectory(path: "/dev/null/x").create() }
    #expect(error?.description.hasPrefix("the profile /dev/null/x can't be created: ") == true)
    #expect(error?.description.contains("HOME") == true)
  }
}
