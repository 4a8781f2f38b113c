import MartletWire

/// Reads a reply that combines the results of several engines.
enum CoalescedReply {
  /// The values in the order of the engines.
  ///
  /// - Parameters:
  ///   - reply: the combined reply, whose values are in the order in which the engines have answered.
  ///   - method: what was called, for error messages.
  ///   - engines: the engines the call was sent to.
  ///   - type: the type of each value.
  /// - Throws: ``ClientError/Code/malformedReply`` if engines are missing, ``ClientError/Code/wrongResultType``.
  static func values<Output: Decodable>(
    _ reply: TaskReply, of method: String, engines: [RegisteredEngine], as type: Output.Type
  ) throws -> [Output] {
    let values = try ReplyDecoding.values(reply, of: method, as: type)
    guard values.count == engines.count else {
      throw ClientError(
        .malformedReply,
        "\(method): \(values.count) of \(engines.count) engines gave a result; a coalesced reply does not carry errors")
    }
    let answered = (reply.metadata["broadcast_targets"]?.arrayValue ?? []).compactMap { $0[0]?.stringValue }
    guard answered.count == values.count else { return values }
    let found = Dictionary(zip(answered, values), uniquingKeysWith: { first, _ in first })
    let sorted = engines.compactMap { found[$0.uuid] }
    return sorted.count == values.count ? sorted : values
  }
}
