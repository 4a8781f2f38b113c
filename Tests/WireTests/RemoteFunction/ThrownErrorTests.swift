import Foundation
import MartletZeroMQ
import Testing

@testable import MartletWire

@Suite("Errors that Swift functions throw")
struct ThrownErrorTests {
  enum Refusal: Error, Codable, Equatable {
    case tooLarge(Int, limit: Int?)
    case closed
  }

  struct Visible: Error, Codable, Equatable { var when: Date }
  private struct Hidden: Error, Codable {}
  struct Plain: Error {}
  struct Large: Error, Codable { var text: String }

  private func returned(_ error: any Error) throws -> (any Error)? {
    let json = try #require(ThrownError(error)).json
    return ThrownError(try JSONValue.parse(json.bytes))?.error
  }

  @Test("arrive as what they are")
  func types() throws {
    #expect(try returned(Refusal.tooLarge(7, limit: nil)) as? Refusal == .tooLarge(7, limit: nil))
    #expect(try returned(Refusal.closed) as? Refusal == .closed)
    let visible = Visible(when: Date(timeIntervalSinceReferenceDate: 0.1))
    #expect(try returned(visible) as? Visible == visible)
  }

  @Test("unless they can't")
  func others() {
    #expect(ThrownError(Plain()) == nil)
    // Private types have no names that other programs know.
    #expect(ThrownError(Hidden()) == nil)
    #expect(ThrownError(CancellationError()) == nil)
    #expect(ThrownError(Large(text: String(repeating: "x", count: 65_536))) == nil)
  }

  @Test(
    "of types that this program has not, or not so",
    arguments: [
      "", "nothing", "Si", "SS", "$s", "4Main7MissingV", "\u{1}abcd", "s5Int32V", String(repeating: "Sa", count: 200),
      String(repeating: "9", count: 200), "SaySiG", "ypXp", "_", "So7NSErrorC", "10Foundation4DateV",
    ])
  func foreign(type: String) throws {
    let json: JSONValue = [
      "type": .string(type), "pickle": .string(PickleEncoder().encode(1).data.base64EncodedString()),
    ]
    #expect(ThrownError(json)?.error == nil)
    #expect(ThrownError(["type": .string(type)]) == nil)
    #expect(ThrownError(["type": .string(type), "pickle": "?"]) == nil)
  }

  @Test("with other content than their type has")
  func otherContent() throws {
    var json = try #require(ThrownError(Refusal.closed)?.json.objectValue)
    json["pickle"] = .string(PickleEncoder().encode("closed").data.base64EncodedString())
    let thrown = try #require(ThrownError(.object(json)))
    #expect(thrown.error == nil)
    json["pickle"] = "AAAA"
    #expect(ThrownError(.object(json))?.error == nil)
  }
}
