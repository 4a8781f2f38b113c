import MartletZeroMQ

extension JSONValue {
  /// How many arrays and objects may be nested in one another unless the caller says otherwise.
  ///
  /// ipyparallel's messages nest less than ten deep; the limit keeps a hostile text from exhausting the stack.
  public static let defaultDepthLimit = 128

  /// Parses a whole JSON text, with white space around it allowed.
  ///
  /// Accepts RFC 8259 and Python's `NaN`, `Infinity` and `-Infinity`. An escaped surrogate without its partner becomes
  /// U+FFFD. No input makes it trap.
  ///
  /// - Parameters:
  ///   - bytes: The text in UTF-8.
  ///   - depthLimit: How many arrays and objects may be nested; the parser recurses once per level.
  /// - Returns: The value.
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

  /// Parses a whole JSON text held in a span, by the same rules as `parse(_: Bytes)`.
  ///
  /// - Parameters:
  ///   - span: The text in UTF-8.
  ///   - depthLimit: How many arrays and objects may be nested.
  /// - Returns: The value.
  /// - Throws: `JSONError` with the offset of the first byte that is wrong.
  public static func parse(_ span: Span<UInt8>, depthLimit: Int = defaultDepthLimit) throws(JSONError) -> JSONValue {
    var parser = JSONParser(depthLimit: depthLimit)
    return try parser.parseText(span)
  }
}
