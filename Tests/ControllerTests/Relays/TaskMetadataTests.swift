import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

/// What the schedulers read from valid and hostile metadata.
@Suite struct TaskMetadataTests {
  private func read(_ text: String) throws -> TaskMetadata {
    var lists = TargetLists()
    return try read(text, &lists)
  }

  private func read(_ text: String, _ lists: inout TargetLists) throws -> TaskMetadata {
    try Bytes(text).withSpan { span in try TaskMetadata(scanning: span, &lists) }
  }

  private func outcome(_ text: String) throws -> TaskOutcome {
    try Bytes(text).withSpan { span in try ReplyMetadata(scanning: span) }.outcome
  }

  @Test(
    arguments: [
      "{}", " {\n} ", #"{"targets": [], "after": null, "follow": {}, "timeout": null, "retries": null}"#,
      #"{"timeout": 0, "retries": 0, "unknown": {"targets": ["x"]}}"#, #"{"retries": -5}"#,
    ])
  func nothingIsAsked(_ text: String) throws {
    let metadata = try read(text)
    #expect(metadata.targets.isEmpty && metadata.timeout == nil && metadata.retries == 0)
    #expect(metadata.after.ids.isEmpty && metadata.follow.ids.isEmpty && !metadata.retriesAnywhere)
  }

  @Test func everythingIsAsked() throws {
    let metadata = try read(
      #"""
      {"retries":3,"timeout":1.5,"retry_anywhere":true,"after":["a","b"],"targets":["e0","e\u0031"],
       "follow":{"dependencies":["c"],"all":false,"success":false,"failure":true}}
      """#)
    #expect(metadata.targets.map(\.rawValue) == ["e0", "e1"])
    #expect(metadata.retries == 3 && metadata.retriesAnywhere)
    #expect(metadata.timeout == .milliseconds(1500))
    #expect(metadata.after == TaskDependency(["a", "b"]))
    #expect(metadata.follow == TaskDependency(["c"], all: false, success: false, failure: true))
  }

  @Test func listsOfTargetsAreReadOnce() throws {
    var lists = TargetLists()
    let texts = (0..<1_000).map { number in
      // Some are longer than those that are kept.
      (0...number % 40).map { "\"engine-\(number)-\($0)\"" }.joined(separator: ",")
    }
    for text in texts + texts {
      for _ in 0..<2 {
        let targets = try read("{\"targets\": [\(text)]}", &lists).targets
        #expect(targets.map { "\"\($0.rawValue)\"" }.joined(separator: ",") == text)
      }
    }
    for _ in 0..<2 {
      #expect(throws: WireError.self) { try read(#"{"targets": [1]}"#, &lists) }
      #expect(try read(#"{"targets": "one"}"#, &lists).targets.map(\.rawValue) == ["one"])
      #expect(try read(#"{"targets": ["one"]}"#, &lists).targets.map(\.rawValue) == ["one"])
    }
  }

  @Test(
    arguments: zip(
      [
        "{}", #"{"priority": null}"#, #"{"priority": 10}"#, #"{"priority": -7.0}"#, #"{"priority": 101}"#,
        #"{"priority": -9000000000}"#,
      ], [0, 0, 10, -7, 100, -100] as [Int8]))
  func aPriorityIsAnInteger(_ text: String, _ expected: Int8) throws {
    #expect(try read(text).priority == expected)
  }

  @Test(arguments: [("{}", 1), ("4", 4), ("null", 1), ("0", 1), ("-3", 1), ("100000", 4096)])
  func concurrencyIsAnInteger(_ text: String, _ expected: UInt16) throws {
    #expect(try read(text == "{}" ? text : #"{"concurrency": \#(text)}"#).concurrency == expected)
    #expect(throws: WireError.self) { try read(#"{"concurrency": "many"}"#) }
  }

  @Test func resourcesAreAmountsByName() throws {
    #expect(
      try read(#"{"requires": {"gpu": 1, "memory": 8e9, "none": 0}, "requires_now": true}"#).demand
        == ResourceDemand(resources: ["gpu": 1, "memory": .gigabytes(8)], isUrgent: true))
    for text in [
      "{}", #"{"requires": null}"#, #"{"requires": {}}"#, #"{"requires": {"gpu": 0}, "requires_now": true}"#,
    ] {
      #expect(try read(text).demand == nil)
    }
  }

  @Test func aTimeRequestIsANumberOfSeconds() throws {
    #expect(try read(#"{"time_request": 90.5}"#).demand == ResourceDemand(time: .seconds(90.5)))
    #expect(
      try read(#"{"time_request": 1e20, "requires": {"gpu": 1}, "requires_now": true}"#).demand
        == ResourceDemand(resources: ["gpu": 1], time: .seconds(1_000_000_000), isUrgent: true))
    for text in ["null", "0"] { #expect(try read(#"{"time_request": \#(text)}"#).demand == nil) }
    for text in ["-1", "\"1 h\"", "[1]", "true"] {
      #expect(throws: WireError.self) { try read(#"{"time_request": \#(text)}"#) }
    }
  }

  @Test func oneIDStandsForAList() throws {
    #expect(try read(#"{"targets": "e0", "after": "a"}"#).after == TaskDependency(["a"]))
  }

  @Test(
    arguments: [
      "", "[]", "null", "{", "{\"a\"}", #"{"targets": 5}"#, #"{"targets": [5]}"#, #"{"targets": {"x": 1}}"#,
      #"{"targets": ["a"#, #"{"after": [null]}"#, #"{"follow": {"dependencies": 1}}"#, #"{"timeout": "soon"}"#,
      #"{"timeout": -1}"#, #"{"timeout": 1e999}"#, #"{"timeout": NaN}"#, #"{"retries": "many"}"#,
      #"{"retries": 99999999999999999999}"#, #"{"priority": "high"}"#, #"{"priority": 0.5}"#, #"{"priority": true}"#,
      #"{"priority": [1]}"#, #"{"requires": "gpu"}"#, #"{"requires": {"gpu": "1"}}"#, #"{"requires": [1]}"#,
      #"{"retries": [}"#, "{} trailing", "\u{0}",
    ])
  func hostileMetadataIsRefused(_ text: String) {
    #expect(throws: WireError.self) { try read(text) }
  }

  @Test func aHugeTimeoutIsLong() throws {
    #expect(try #require(read(#"{"timeout": 1e308}"#).timeout) > .seconds(1_000_000))
  }

  @Test(
    arguments: zip(
      [
        "{}", #"{"status": "ok"}"#, #"{"status": null}"#, #"{"status": "error"}"#, #"{"status": "aborted"}"#,
        #"{"status":"returned"}"#,
        #"{"status": "ok", "dependencies_met": false}"#, #"{"dependencies_met": true}"#, #"{"status": "odd"}"#,
      ], [TaskOutcome.ok, .ok, .ok, .failed, .aborted, .returned, .unmetDependency, .ok, .failed]))
  func outcomes(_ text: String, _ expected: TaskOutcome) throws {
    #expect(try outcome(text) == expected)
  }

  @Test(arguments: ["", "[]", #"{"status": 5}"#, #"{"status": "ok""#, #"{"original_msg_id": {}}"#])
  func hostileRepliesAreRefused(_ text: String) {
    #expect(throws: WireError.self) { try outcome(text) }
  }

  @Test(arguments: [nil, "e0", "e1", "e\\u0030"])
  func aReplyNamesItsEngineWhoeverSentIt(_ peer: String?) throws {
    for text in [#"{"engine": "e0"}"#, #"{"engine":"e\u0030","status":"aborted"}"#] {
      let sender = try Bytes(text).withSpan { span in try ReplyMetadata(scanning: span, from: peer) }.sender
      #expect(sender.engine == "e0")
      #expect(sender.isAborted == text.contains("aborted"))
    }
    let sender = try Bytes(#"{"engine":null}"#).withSpan { span in try ReplyMetadata(scanning: span, from: peer) }
      .sender
    #expect(sender.engine == nil)
  }
}
