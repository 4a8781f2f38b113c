import Testing

@testable import MartletClient

@Suite struct OpenSpansTests {
  private func end(_ spans: inout OpenSpans<String>, _ tasks: Int...) -> [String?] {
    tasks.map { task in spans.end(task).map { $0.isLast ? "\($0.span)." : $0.span } }
  }

  @Test func aRequestEndsOnce() {
    var spans = OpenSpans<String>()
    spans.begin("a", tasks: 3..<4)
    spans.begin("none", tasks: 0..<0)
    #expect(end(&spans, 0, 3, 3) == [nil, "a.", nil])
  }

  @Test func anotherAttemptIsAnotherRequest() {
    var spans = OpenSpans<String>()
    spans.begin("a", tasks: 0..<1)
    spans.begin("b", tasks: 1..<2)
    #expect(end(&spans, 0) == ["a."])
    spans.begin("c", tasks: 0..<1)
    #expect(end(&spans, 1, 0, 1, 0) == ["b.", "c.", nil, nil])
  }

  @Test func aRequestToManyEndsWithTheLast() {
    var spans = OpenSpans<String>()
    spans.begin("a", tasks: 0..<3)
    #expect(end(&spans, 1, 1, 0, 2, 2) == ["a", nil, "a", "a.", nil])
  }
}
