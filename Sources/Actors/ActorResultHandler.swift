import Distributed
import MartletWire
import Synchronization

/// Takes the result of a method that was called from elsewhere. Swift uses it.
public final class ActorResultHandler: DistributedTargetInvocationResultHandler {
  /// What results have to be.
  public typealias SerializationRequirement = Codable & Sendable

  private let outcome = Mutex<Result<PickleValue, any Error>>(.success(.none))

  /// Encodes the result.
  ///
  /// - Throws: `EncodingError`.
  public func onReturn<Success: SerializationRequirement>(value: Success) async throws {
    let encoded = try PickleValue(encoding: value)
    outcome.withLock { $0 = .success(encoded) }
  }

  /// The result is None.
  public func onReturnVoid() async throws {}

  /// Keeps the error.
  public func onThrow<Failure: Error>(error: Failure) async throws { outcome.withLock { $0 = .failure(error) } }

  /// The result, after the call.
  ///
  /// - Throws: what the method has thrown.
  var result: PickleValue { get throws { try outcome.withLock { $0 }.get() } }
}
