import MartletZeroMQ

/// Reads pickles of protocols 0 to 5 as data. It imports, looks up and calls nothing, and no input can cause more work than
/// the limits allow.
public struct PickleDecoder: Sendable {
  /// What types find in `Decoder.userInfo` while they are decoded: actors the system to which they belong.
  @TaskLocal package static var userInfo: [CodingUserInfoKey: any Sendable] = [:]

  /// The limits on a result.
  public var limits: PickleLimits

  /// A decoder with limits.
  public init(limits: PickleLimits = PickleLimits()) { self.limits = limits }

  /// Reads one pickle and ignores bytes after its STOP, as Python does. `bytes` and array contents are slices of `data`.
  ///
  /// - Parameters:
  ///   - data: the pickle.
  ///   - buffers: the out-of-band buffers of protocol 5, in order.
  /// - Throws: `PickleError` with the offset of the opcode at fault.
  public func decode(_ data: Bytes, buffers: [Bytes] = []) throws(PickleError) -> PickleValue {
    let result: Result<PickleValue, PickleError> = data.withSpan { span in
      var machine = PickleMachine(input: data, buffers: buffers, limits: limits)
      do throws(PickleError) {
        return .success(try machine.run(span))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}
