import MartletWire
import Synchronization
import Tracing

/// Records spans, and passes traces on as W3C's `traceparent`.
final class TraceRecorder: Tracer {
  /// The place of a span in its trace, in hexadecimal digits.
  struct Place: Hashable, Sendable {
    let trace: String
    let span: String
  }

  /// A span that has ended.
  struct Record: Sendable {
    let name: String
    let kind: SpanKind
    let place: Place
    let parent: Place?
    let start: UInt64
    var end: UInt64 = 0
    var attributes: SpanAttributes = [:]
    var events: [SpanEvent] = []
    var status: SpanStatus?

    func text(_ attribute: String) -> String? {
      guard case .string(let text)? = attributes.get(attribute) else { return nil }
      return text
    }

    func number(_ attribute: String) -> Int? {
      guard case .int64(let number)? = attributes.get(attribute) else { return nil }
      return Int(number)
    }
  }

  final class Span: Tracing.Span {
    let context: ServiceContext
    private let record: Mutex<Record>
    private let onEnd: @Sendable (Record) -> Void

    init(_ record: Record, _ context: ServiceContext, onEnd: @escaping @Sendable (Record) -> Void) {
      self.context = context
      self.record = Mutex(record)
      self.onEnd = onEnd
    }

    var operationName: String {
      get { record.withLock(\.name) }
      set {}
    }
    var attributes: SpanAttributes {
      get { record.withLock(\.attributes) }
      set { record.withLock { $0.attributes = newValue } }
    }
    var isRecording: Bool { true }
    func setStatus(_ status: SpanStatus) { record.withLock { $0.status = status } }
    func addEvent(_ event: SpanEvent) { record.withLock { $0.events.append(event) } }
    func recordError<Instant: TracerInstant>(
      _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {}
    func addLink(_ link: SpanLink) {}
    func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
      let end = instant().nanosecondsSinceEpoch
      onEnd(
        record.withLock {
          $0.end = end
          return $0
        })
    }
  }

  private enum PlaceKey: ServiceContextKey {
    typealias Value = Place
  }

  private let ended = Mutex<[Record]>([])
  private let count = Mutex(0)

  /// The spans that have ended.
  var records: [Record] { ended.withLock(\.self) }

  /// The only ended span of a name and kind.
  func only(_ name: String, _ kind: SpanKind? = nil) -> Record? {
    let found = records.filter { $0.name == name && $0.kind == kind ?? $0.kind }
    return found.count == 1 ? found.first : nil
  }

  static func place(in context: ServiceContext?) -> Place? { context?[PlaceKey.self] }

  func startSpan<Instant: TracerInstant>(
    _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
    at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
  ) -> Span {
    var context = context()
    let parent = context[PlaceKey.self]
    let number = count.withLock {
      $0 += 1
      return $0
    }
    let place = Place(trace: parent?.trace ?? Self.digits(number, 32), span: Self.digits(number, 16))
    context[PlaceKey.self] = place
    let record = Record(
      name: operationName, kind: kind, place: place, parent: parent, start: instant().nanosecondsSinceEpoch)
    return Span(record, context) { [weak self] record in self?.ended.withLock { $0.append(record) } }
  }

  func forceFlush() {}

  func inject<Carrier, Inject: Injector>(
    _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
  ) where Inject.Carrier == Carrier {
    guard let place = context[PlaceKey.self] else { return }
    injector.inject("00-\(place.trace)-\(place.span)-01", forKey: "traceparent", into: &carrier)
  }

  func extract<Carrier, Extract: Extractor>(
    _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
  ) where Extract.Carrier == Carrier {
    let parts = extractor.extract(key: "traceparent", from: carrier)?.split(separator: "-") ?? []
    guard parts.count == 4 else { return }
    context[PlaceKey.self] = Place(trace: String(parts[1]), span: String(parts[2]))
  }

  private static func digits(_ number: Int, _ count: Int) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: count - digits.count) + digits
  }
}
