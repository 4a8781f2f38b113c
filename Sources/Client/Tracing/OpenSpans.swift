/// The spans of a call's requests that have no reply yet. A value; a span is whatever stands for one.
///
/// A task has one request at a time, and a request is for one task, or for several if many engines get it.
struct OpenSpans<Span> {
  private var spans: [Int: (span: Span, tasks: Int)] = [:]
  private var numbers: [Int: Int] = [:]
  private var latest = 0

  /// A request for some tasks is about to be sent.
  mutating func begin(_ span: Span, tasks: Range<Int>) {
    guard !tasks.isEmpty else { return }
    latest += 1
    spans[latest] = (span, tasks.count)
    for task in tasks { numbers[task] = latest }
  }

  /// A task has got its reply, or will get none.
  ///
  /// - Returns: the span of its request, and whether that has all its replies; `nil` if none is open.
  mutating func end(_ task: Int) -> (span: Span, isLast: Bool)? {
    guard let number = numbers.removeValue(forKey: task), let open = spans[number] else { return nil }
    spans[number] = open.tasks > 1 ? (open.span, open.tasks - 1) : nil
    return (open.span, open.tasks == 1)
  }
}
