import MartletZeroMQ
import Tracing

/// The trace to which a request belongs, as instruments write and read it: texts under names such as `traceparent`
/// (https://www.w3.org/TR/trace-context). It travels in the request's metadata.
package struct TraceContext: Sendable, Hashable {
  /// The key in a request's metadata, whose value is an object of texts.
  package static let key = "trace"

  /// What instruments have written.
  package private(set) var fields: [String: String] = [:]

  /// What an instrument has to pass on; `nil` if that is nothing.
  package init?(_ context: ServiceContext, _ instrument: any Instrument) {
    instrument.inject(context, into: &self.fields, using: Carrier())
    if fields.isEmpty { return nil }
  }

  /// Reads the value of ``key``. What is not text is left out: a trace is never a reason to refuse a request.
  ///
  /// - Returns: `nil` if there is nothing to pass on.
  package init?(_ json: JSONValue) {
    fields = json.objectValue?.compactMapValues(\.stringValue) ?? [:]
    if fields.isEmpty { return nil }
  }

  /// The context in which an instrument wants the request to be served.
  package func context(_ instrument: any Instrument) -> ServiceContext {
    var context = ServiceContext.topLevel
    instrument.extract(fields, into: &context, using: Carrier())
    return context
  }

  /// The field of the metadata, as JSON.
  package var text: String {
    "\"\(Self.key)\":\(String(decoding: JSONValue.object(fields.mapValues { .string($0) }).bytes.array, as: UTF8.self))"
  }

  private struct Carrier: Injector, Extractor {
    func inject(_ value: String, forKey key: String, into fields: inout [String: String]) { fields[key] = value }
    func extract(key: String, from fields: [String: String]) -> String? { fields[key] }
  }
}
