import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

@Suite struct KeyAdmissionTests {
  private func key(_ name: String, _ role: ConnectionInfo.Kind, _ publicKey: String, revoked: Double? = nil)
    -> AuthorizedKey
  {
    var key = AuthorizedKey(name: name, role: role, publicKey: publicKey, created: 0)
    key.revoked = revoked
    return key
  }

  @Test func aKeyOpensTheSocketsOfItsRole() throws {
    let (ada, node) = (key("ada", .client, "a"), key("node", .engine, "n"))
    let admission = KeyAdmission([ada, node])
    for side in [nil, ConnectionInfo.Kind.client] { #expect(try admission.judge("a", for: side) == ada) }
    for side in [nil, ConnectionInfo.Kind.engine] { #expect(try admission.judge("n", for: side) == node) }
    #expect(throws: KeyAdmission.Refusal.role(name: "ada", .client)) { try admission.judge("a", for: .engine) }
    #expect(throws: KeyAdmission.Refusal.role(name: "node", .engine)) { try admission.judge("n", for: .client) }
  }

  @Test func othersAreRefused() throws {
    let admission = KeyAdmission([key("ada", .client, "a", revoked: 5)])
    #expect(throws: KeyAdmission.Refusal.revoked(name: "ada")) { try admission.judge("a", for: nil) }
    for unknown in ["", "b"] {
      #expect(throws: KeyAdmission.Refusal.unknown) { try admission.judge(unknown, for: nil) }
    }
    #expect(admission.role(of: "a") == nil)
    #expect(throws: KeyAdmission.Refusal.unknown) { try KeyAdmission([]).judge("a", for: nil) }
  }

  @Test func aKeyThatIsRevokedUnderOneNameIsRevoked() {
    let keys = [key("a", .client, "k"), key("b", .client, "k", revoked: 1), key("c", .engine, "k")]
    #expect(KeyAdmission(keys).role(of: "k") == nil)
    #expect(KeyAdmission(keys.reversed()).role(of: "k") == nil)
  }

  @Test func whatIsTakenAwayIsNoticed() {
    let before = KeyAdmission([key("a", .client, "a"), key("b", .engine, "b")])
    let current = CurrentAdmission(before)
    #expect(!current.replace(before))
    #expect(!current.replace(KeyAdmission([key("a", .client, "a"), key("b", .engine, "b"), key("c", .client, "c")])))
    #expect(current.replace(KeyAdmission([key("a", .client, "a"), key("b", .engine, "b", revoked: 2)])))
    // A record that is gone, and one with another role.
    #expect(current.replace(KeyAdmission([])))
    #expect(!current.replace(before))
    #expect(current.replace(KeyAdmission([key("a", .engine, "a"), key("b", .engine, "b")])))
  }
}

@Suite struct AuthenticationRequestTests {
  private let key = Bytes(Array(0..<32))

  private func question(_ frames: [Bytes]) throws -> AuthenticationRequest {
    var message = Multipart()
    for frame in frames { message.append(frame) }
    return try AuthenticationRequest(message)
  }

  private var frames: [Bytes] {
    ["peer", "", "1.0", "7", "clients", "10.0.0.1", "", "CURVE"].map { Bytes($0) } + [key]
  }

  @Test func readsAQuestionAndAnswersIt() throws {
    let request = try question(frames)
    #expect(request.domain == "clients" && request.address == "10.0.0.1")
    #expect(request.key == CurveKeyPair.text(of: key))
    let yes = request.answer(isAdmitted: true)
    #expect((0..<yes.count).map { yes.text(at: $0) } == ["peer", "", "1.0", "7", "200", "OK", request.key, ""])
    let no = request.answer(isAdmitted: false)
    #expect(no.count == 8 && no.text(at: 4) == "400" && no.text(at: 6) == "")
  }

  @Test func anythingElseIsRefused() throws {
    for index in [1, 2, 7, 8] {
      var frames = frames
      frames[index] = Bytes("x")
      #expect(throws: WireError.self) { try question(frames) }
    }
    for count in 0..<9 { #expect(throws: WireError.self) { try question(Array(frames.prefix(count))) } }
    #expect(throws: WireError.self) { try question(frames + [key]) }
  }
}
