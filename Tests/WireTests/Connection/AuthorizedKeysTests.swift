import Foundation
import MartletZeroMQ
import Testing

@testable import MartletWire

@Suite struct AuthorizedKeysTests {
  private let keys = AuthorizedKeys(folder: NSTemporaryDirectory() + "martlet-keys-" + UUID().uuidString)

  private func connection(_ kind: ConnectionInfo.Kind, port: Int = 1) -> ConnectionInfo {
    var info = ConnectionInfo(kind: kind, interface: "tcp://10.0.0.1")
    info.curveServerKey = String(repeating: "s", count: 40)
    info.ports = [.registration: [port]]
    if kind == .engine { info.ports[.heartbeatPing] = [2] }
    return info
  }

  private func mode(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  @Test func aKeyIsMadeFoundAndRevoked() throws {
    #expect(!keys.isInUse && keys.version == nil)
    try keys.add("ada", role: .client, connection: connection(.client))
    #expect(keys.isInUse)
    let key = try #require(try keys.key("ada"))
    let file = try keys.connectionFile(of: "ada").read()
    #expect(file.curveKeys?.publicKey == key.publicKey && file.interface == "tcp://10.0.0.1")
    #expect(try CurveKeyPair(secretKey: #require(file.curveKeys?.secretKey)).publicKey == key.publicKey)
    #expect(key.role == .client && key.revoked == nil && key.fingerprint.hasPrefix("SHA256:"))
    #expect(try mode(keys.connectionFile(of: "ada").path) == 0o600 && mode("\(keys.folder)/ada.key") == 0o600)
    #expect(try mode(keys.folder) == 0o700)

    try keys.revoke(key)
    #expect(try keys.key("ada")?.revoked != nil)
    #expect(!keys.connectionFile(of: "ada").exists)
    // Or whoever was revoked would be admitted again, together with everybody else.
    #expect(keys.isInUse)
  }

  @Test func theLastUseOutlivesARevocation() throws {
    try keys.add("ada", role: .client, connection: nil)
    #expect(keys.lastUse(of: "ada") == nil)
    let date = Date(timeIntervalSince1970: 1_700_000_000)
    keys.noteUse(of: "ada", at: date)
    #expect(keys.lastUse(of: "ada") == date)
    try keys.revoke(try #require(try keys.key("ada")))
    #expect(keys.lastUse(of: "ada") == date)
  }

  @Test func filesAreCompletedAndBroughtUpToDate() throws {
    try keys.add("ada", role: .client, connection: nil)
    try keys.add("node", role: .engine, connection: connection(.engine))
    try keys.add("gone", role: .client, connection: nil)
    try FileManager.default.removeItem(atPath: keys.connectionFile(of: "gone").path)
    #expect(throws: ConnectionError.self) { try keys.connectionFile(of: "ada").read() }
    let node = try keys.connectionFile(of: "node").read().curveKeys
    try keys.complete(client: connection(.client, port: 8), engine: connection(.engine, port: 9))
    let ada = try keys.connectionFile(of: "ada").read()
    #expect(ada.ports[.registration] == [8] && ada.kind == .client && ada.curveKeys != nil)
    let engine = try keys.connectionFile(of: "node").read()
    #expect(engine.ports[.registration] == [9] && engine.kind == .engine && engine.curveKeys == node)
    #expect(!keys.connectionFile(of: "gone").exists)
  }

  @Test(arguments: ["", "{", "[]", "{}", #"{"role":"client"}"#, #"{"role":"client","public_key":"short"}"#])
  func aDamagedRecordAdmitsNobodyAndKeepsTheDoorClosed(content: String) throws {
    try PrivateFile.write(Data(content.utf8), to: "\(keys.folder)/x.key")
    #expect(keys.isInUse)
    let (found, problems) = keys.read()
    #expect(found.isEmpty && problems.count == 1)
    #expect(problems.first?.contains("x.key") == true)
  }

  @Test func aRevocationThatCantBeReadIsOne() throws {
    let record = #"{"role":"client","public_key":"\#(String(repeating: "k", count: 40))","revoked":"yes"}"#
    try PrivateFile.write(Data(record.utf8), to: "\(keys.folder)/x.key")
    #expect(try keys.key("x")?.revoked == 0)
  }

  @Test func otherFilesAreNoRecords() throws {
    try PrivateFile.write(Data("x".utf8), to: "\(keys.folder)/x.json")
    #expect(!keys.isInUse)
    #expect(keys.read().keys.isEmpty && keys.read().problems.isEmpty)
  }

  @Test func namesAreThoseOfFiles() {
    for name in ["a", "node-1.b_C", String(repeating: "x", count: 64)] { #expect(AuthorizedKey.isName(name)) }
    for name in ["", ".", ".a", "a/b", "..", "a b", "é", "a\n", String(repeating: "x", count: 65)] {
      #expect(!AuthorizedKey.isName(name))
    }
  }
}
