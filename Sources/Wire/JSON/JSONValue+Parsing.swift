import MartletZeroMQ

extension JSONValue {
  /// The default limit on nested arrays and objects.
  ///
  /// ipyparallel's messages are nested less than ten deep; the limit keeps a hostile text from exhausting the stack.
  public static let defaultDepthLimit = 128

  /// The greatest limit: the parser's stack frames for that many levels fit the stack of any thread.
  static let maxDepthLimit = 1_000

  /// Parses a whole JSON text, which may have white space around it.
  ///
  /// Accepts RFC 8259 and Python's `NaN`, `Infinity` and `-Infinity`. An escaped surrogate without its partner becomes
  /// U+FFFD. No input traps.
  ///
  /// - Parameters:
  ///   - bytes: the text in UTF-8.
  ///   - depthLimit: how many arrays and objects may be nested; at most 1,000, as the parser recurses once per level.
  /// - Throws: `JSONError` with the offset of the first byte that is wrong.
  public static func parse(_ bytes: Bytes, depthLimit: Int = defaultDepthLimit) throws(JSONError) -> JSONValue {
    let result: Result<JSONValue, JSONError> = bytes.withSpan { span in
      do throws(JSONError) {
        return .success(try parse(span, depthLimit: depthLimit))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// Parses a whole JSON text in a span, by the same rules.
  ///
  /// - Parameters:
  ///   - span: the text in UTF-8.
  ///   - depthLimit: how many arrays and objects may be nested; at most 1,000.
  /// - Throws: `JSONError` with the offset of the first byte that is wrong.
  public static func parse(_ span: Span<UInt8>, depthLimit: Int = defaultDepthLimit) throws(JSONError) -> JSONValue {
    var parser = JSONParser(depthLimit: min(depthLimit, maxDepthLimit))
    return try parser.parseText(span)
  }
}
