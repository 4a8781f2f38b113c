import MartletWire
import MartletZeroMQ

/// What an `apply_request` calls, decoded, and the frames of the arguments, which are not.
struct CallHead: Sendable {
  let target: CallTarget
  /// What is asked for if it is one of the functions that every engine has.
  let builtin: BuiltinFunction?
  let arguments: ArraySlice<Bytes>

  /// Reads a request's buffers.
  ///
  /// - Throws: `PickleError` if they don't begin with a value.
  init(_ buffers: [Bytes]) throws(PickleError) {
    var rest = buffers[...]
    target = try ApplyCall.takeFunction(from: &rest)
    builtin = BuiltinFunction(target)
    arguments = rest
  }

  /// The first positional argument, if there is one and it can be read.
  var firstArgument: PickleValue? { try? ApplyCall.firstArgument(arguments) }

  /// Decodes the arguments.
  ///
  /// - Throws: `PickleError` if the frames are not exactly the arguments of one call.
  func unpacked() throws(PickleError) -> ApplyCall { try ApplyCall.unpack(target, arguments) }
}
