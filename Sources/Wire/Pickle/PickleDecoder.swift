import MartletZeroMQ

/// Reads pickles of protocols 0 to 5 as data: nothing is imported, looked up or called, and no input can do more work than
/// its limits allow.
public struct PickleDecoder: Sendable {
  /// The bounds on a result.
  public var limits: PickleLimits

  /// Makes a decoder.
  public init(limits: PickleLimits = PickleLimits()) { self.limits = limits }

  /// Reads one pickle; bytes after its STOP are ignored, as Python does. `bytes` and array contents are slices of `data`.
  ///
  /// - Parameters:
  ///   - data: the pickle.
  ///   - buffers: protocol 5's out-of-band buffers, in order.
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
