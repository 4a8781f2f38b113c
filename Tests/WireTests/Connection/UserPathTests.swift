import Foundation
import Testing

@testable import MartletWire

/// Paths match the results of Python's `os.path`.
@Suite struct UserPathTests {
  @Test(arguments: [
    ("~", "/h", "/h"), ("~/x", "/h", "/h/x"), ("~/x", "/h//", "/h/x"), ("~/x", "/", "/x"), ("~", "", "/"),
    ("~/x", "", "/x"), ("~", "relative", "relative"), ("x/~", "/h", "x/~"),
    ("~no-such-user/x", "/h", "~no-such-user/x"),
  ])
  func expandsTildes(path: String, home: String, expanded: String) {
    #expect(UserPath.expandingTilde(path, environment: ["HOME": home]) == expanded)
  }

  @Test func withoutHOMEThePasswordDatabaseCounts() throws {
    let home = UserPath.home(environment: [:])
    #expect(home.hasPrefix("/") && home == NSHomeDirectoryForUser(NSUserName()))
    #expect(UserPath.expandingTilde("~\(NSUserName())/x", environment: ["HOME": "/h"]) == "\(home)/x")
  }

  @Test(arguments: [
    ("/a/../b", "/b"), ("//a//b/", "/a/b"), ("/../a", "/a"), ("/a/./b", "/a/b"), ("~/../x", "/x"), ("/", "/"),
  ])
  func makesPathsAbsolute(path: String, absolute: String) {
    #expect(UserPath.absolute(path, environment: ["HOME": "/h"]) == absolute)
  }

  @Test(arguments: ["", ".", "./a/.."]) func relativePathsStartInTheCurrentFolder(path: String) {
    #expect(UserPath.absolute(path) == FileManager.default.currentDirectoryPath)
  }
}
