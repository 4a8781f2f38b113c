import Foundation
import MartletWire
import MartletZeroMQ

/// What can be given to a function in a call that names references, or for all items of a map or stream: a ``RemoteReference`` to a value of the argument's type,
/// a ``Broadcast`` of one, or the value itself.
///
/// Numbers, texts, dates, data, arrays, dictionaries and optionals conform. A type of one's own needs an empty extension:
///
/// ```swift
/// extension Centre: RemoteArgument {}
/// try view.apply(assign, points, Centre(x: 1, y: 2))   // points is a reference
/// ```
public protocol RemoteArgument<RemoteValue> {
  /// The type of the function's argument.
  associatedtype RemoteValue: Codable
  /// What is sent.
  ///
  /// - Throws: an error if the value can't be encoded.
  func remoteArgument() throws -> RemoteArgumentValue
}

/// What is sent for a ``RemoteArgument``: a value, or the name of one.
public struct RemoteArgumentValue: Sendable {
  let value: PickleValue
  var holding: RemoteHolding?
  var broadcast: BroadcastHolding?
}

extension RemoteArgument where Self: Codable {
  /// The type itself.
  public typealias RemoteValue = Self
}

extension RemoteArgument where Self: Codable, RemoteValue == Self {
  /// The value itself.
  public func remoteArgument() throws -> RemoteArgumentValue {
    RemoteArgumentValue(value: try PickleValue(encoding: self))
  }
}

extension Bool: RemoteArgument {}
extension Int: RemoteArgument {}
extension Int32: RemoteArgument {}
extension Int64: RemoteArgument {}
extension UInt8: RemoteArgument {}
extension UInt32: RemoteArgument {}
extension UInt64: RemoteArgument {}
extension Double: RemoteArgument {}
extension Float: RemoteArgument {}
extension String: RemoteArgument {}
extension Date: RemoteArgument {}
extension Data: RemoteArgument {}
extension Bytes: RemoteArgument {}
extension NDArray: RemoteArgument {}
extension PickleValue: RemoteArgument {}
extension Array: RemoteArgument where Element: Codable {}
extension Dictionary: RemoteArgument where Key: Codable, Value: Codable {}
extension Optional: RemoteArgument where Wrapped: Codable {}

extension Call {
  /// A call some of whose arguments may be references.
  ///
  /// - Parameter kept: where the result is kept, if it is; then the reply describes it only.
  /// - Throws: ``ClientError/Code/invalidArgument`` if an argument can't be encoded.
  static func apply<each Given: RemoteArgument>(
    _ function: [Bytes], name: String, keeping kept: RemoteHolding?, _ arguments: repeat each Given
  ) throws(ClientError) -> (Call, CallReferences) {
    let given = try GivenArguments(repeat each arguments, of: name)
    return (
      kept.map { keep($0, function: name, given.values) } ?? apply(function, given.values, method: name),
      given.references
    )
  }

  /// A call whose result is kept on its engine.
  static func keep(_ kept: RemoteHolding, function: String, _ args: [PickleValue]) -> Call {
    apply(
      BuiltinFunction.keep.rawValue, [.string(kept.name), .reference(function)] + args, method: "keep(\(function))")
  }

  static func apply(_ function: [Bytes], _ args: [PickleValue], method: String) -> Call {
    Call(
      type: MessageType.applyRequest, method: method, buffers: ApplyCall.pack(functionFrames: function, args: args))
  }
}
