import Foundation
import MartletWire
import Testing

@testable import MartletEngine

@Suite struct RaisedErrorTests {
  private struct Localized: LocalizedError {
    var errorDescription: String? = "The disk is full"
    var failureReason: String?
    var recoverySuggestion: String?
  }

  private struct Described: Error, CustomStringConvertible { let description = "as described" }
  private enum Plain: Error { case closed(Int) }
  enum Refusal: String, Error, Codable { case closed }

  @Test func saysWhatTheErrorSays() {
    #expect(RaisedError(Localized()).value == "The disk is full")
    #expect(RaisedError(Localized()).name == "Localized")
    #expect(
      RaisedError(Localized(failureReason: "it is small", recoverySuggestion: "remove something")).value
        == "The disk is full; it is small; remove something")
    #expect(RaisedError(Localized(errorDescription: nil)).value.hasPrefix("Localized("))
    #expect(RaisedError(Described()).value == "as described")
    #expect(RaisedError(Plain.closed(3)).value == "closed(3)")
  }

  @Test func takesCodableErrorsAlong() {
    #expect(RaisedError(Plain.closed(3)).thrown == nil)
    #expect(RaisedError(Refusal.closed).thrown?.error as? Refusal == .closed)
    #expect(RaisedError("ValueError", "x").thrown == nil)
  }
}
