import Distributed
import MartletClient
import MartletWire

/// Encodes the arguments of a call to an actor elsewhere. Swift uses it.
public struct ActorInvocationEncoder: DistributedTargetInvocationEncoder {
  /// What arguments have to be.
  public typealias SerializationRequirement = Codable & Sendable

  private(set) var arguments: [PickleValue] = []

  /// Throws: generic methods can't be called, because their types have no names that are safe to accept.
  public mutating func recordGenericSubstitution<T>(_ type: T.Type) throws {
    throw ClientError(
      .invalidArgument, "a generic distributed method, or one of a generic actor, can't be called on an engine")
  }

  /// Encodes an argument.
  ///
  /// - Throws: ``ClientError/Code/invalidArgument`` if it can't be encoded.
  public mutating func recordArgument<Value: SerializationRequirement>(_ argument: RemoteCallArgument<Value>) throws {
    do {
      arguments.append(try PickleValue(encoding: argument.value))
    } catch {
      throw ClientError(
        .invalidArgument, "the argument \(argument.effectiveLabel) of type \(Value.self) can't be sent: \(error)",
        underlying: error)
    }
  }

  /// Nothing: the type is known where the call is made.
  public mutating func recordReturnType<Result: SerializationRequirement>(_ type: Result.Type) throws {}

  /// Nothing: an error brings its own type.
  public mutating func recordErrorType<Failure: Error>(_ type: Failure.Type) throws {}

  /// Nothing.
  public mutating func doneRecording() throws {}
}
