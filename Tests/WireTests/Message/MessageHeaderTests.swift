import Testing

@testable import MartletWire
@testable import MartletZeroMQ

@Suite struct MessageHeaderTests {
  private func header(_ text: String) throws(WireError) -> MessageHeader {
    try Bytes(text).withSpan { (span) throws(WireError) in try MessageHeader(scanning: span, includingOrigin: true) }
  }

  private func messageID(_ text: String) throws(WireError) -> String? {
    try Bytes(text).withSpan { (span) throws(WireError) in try MessageHeader.messageID(scanning: span) }
  }

  @Test(arguments: [
    #"{"msg_id":"i","msg_type":"t","session":"s","date":"1970-01-01T00:00:01Z"}"#,
    #" { "date" : "1970-01-01T01:00:01+01:00", "more": {"msg_id": "no"}, "session":"s","msg_type" :"t" , "msg_id":"i" } "#,
    #"{"\u006dsg_id":"\u0069","msg_type":"t","version":"5.4","session":"s","date":"1970-01-01\u005400:00:01Z","username":"\\"}"#,
  ])
  func fields(text: String) throws {
    #expect(
      try header(text)
        == MessageHeader(messageID: "i", messageType: "t", session: "s", date: Timestamp(microseconds: 1_000_000)))
  }

  @Test func missingFieldsAreEmpty() throws {
    #expect(try header("{}") == MessageHeader())
    for date in ["null", #""""#, #""yesterday""#] { #expect(try header(#"{"date":\#(date)}"#).date == nil) }
  }

  @Test(arguments: [
    #"{"msg_id":1}"#, #"{"msg_type":null}"#, #"{"session":{}}"#, #"{"date":5}"#, #"{"date":"\q"}"#, #"{"msg_id":"\q"}"#,
    "[]", "",
    #"{"msg_id":"i""#,
  ])
  func malformed(text: String) {
    let error = #expect(throws: WireError.self) { try header(text) }
    #expect(error?.code == .malformedJSON)
  }

  @Test func parentHeaders() throws {
    #expect(try messageID("{}") == nil)
    #expect(try messageID(#"{"session":1,"msg_id":"x"}"#) == "x")
    #expect(throws: WireError.self) { try messageID(#"{"msg_id":1}"#) }
  }

  @Test func rejectionsAreCounted() {
    var counts = RejectionCounts()
    #expect(counts.total == 0)
    counts.count(WireError(.replayed, "x"))
    counts.count(WireError(.replayed, "y"))
    counts.count(WireError(.badSignature, "z"))
    #expect(counts[.replayed] == 2 && counts[.badSignature] == 1 && counts[.unknown] == 0 && counts.total == 3)
    #expect("\(WireError(.replayed, "x"))" == "replayed: x")
  }
}
