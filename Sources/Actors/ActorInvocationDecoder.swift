import Distributed
import MartletWire

/// Decodes the arguments of a call as the method asks for them. Swift uses it.
public struct ActorInvocationDecoder: DistributedTargetInvocationDecoder {
  /// What arguments have to be.
  public typealias SerializationRequirement = Codable & Sendable

  private let method: String
  private let arguments: [PickleValue]
  private let system: MartletActorSystem
  private var index = 0

  /// - Parameter method: for error messages.
  init(_ method: String, _ arguments: [PickleValue], in system: MartletActorSystem) {
    self.method = method
    self.arguments = arguments
    self.system = system
  }

  /// None: generic methods can't be called.
  public mutating func decodeGenericSubstitutions() throws -> [any Any.Type] { [] }

  /// Decodes the next argument.
  ///
  /// - Throws: `ArgumentError` that says which one does not fit.
  public mutating func decodeNextArgument<Argument: SerializationRequirement>() throws -> Argument {
    guard index < arguments.count else {
      throw ArgumentError("\(method) takes more than \(arguments.count) arguments")
    }
    defer { index += 1 }
    do {
      return try system.decode(arguments[index])
    } catch {
      throw ArgumentError(
        "\(method): argument \(index + 1) should be \(Argument.self), got \(arguments[index].typeName) (\(error))")
    }
  }

  /// None: it isn't sent.
  public mutating func decodeErrorType() throws -> (any Any.Type)? { nil }

  /// None: it isn't sent.
  public mutating func decodeReturnType() throws -> (any Any.Type)? { nil }
}
