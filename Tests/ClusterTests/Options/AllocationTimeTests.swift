import Foundation
import Testing

@testable import MartletCluster

@Suite struct AllocationTimeTests {
  private let now = Date(timeIntervalSince1970: 1_000_000)

  @Test func slurmsWordComesFirst() {
    let environment = ["SLURM_JOB_END_TIME": "1000100", AllocationTime.variable: "50"]
    #expect(AllocationTime.left(environment, at: now) == .seconds(100))
    #expect(AllocationTime.left([AllocationTime.variable: "50"], at: now) == .seconds(50))
    #expect(AllocationTime.left([:], at: now) == nil)
  }

  @Test(arguments: ["", "soon", "nan", "inf", "-5", "0", "999999", "1e300", "33000000"])
  func otherEndsAreNone(text: String) {
    #expect(AllocationTime.left(["SLURM_JOB_END_TIME": text], at: now) == nil)
  }

  @Test(arguments: ["", "soon", "nan", "inf", "-5", "0", "1e300"])
  func otherTimesAreNone(text: String) {
    #expect(AllocationTime.left([AllocationTime.variable: text], at: now) == nil)
  }

  @Test func optionsWin() throws {
    func lifetime(_ arguments: [String]) throws -> Duration? {
      let noProfile = ["--ipython-dir=/no/such/folder"]
      let environment = [AllocationTime.variable: "500"]
      return try EngineOptions.read(arguments + noProfile, environment: environment).options.lifetime(at: .now)
    }
    let own = try #require(try lifetime([]))
    #expect(own <= .seconds(500) && own > .zero)
    #expect(try lifetime(["--time-limit=20"]) == .seconds(20))
    #expect(try lifetime(["--time-limit=0"]) == nil)
  }
}
