import MartletZeroMQ

/// A function call in the buffers of an `apply_request`: `[function, info, argument frames …, keyword frames …]`
/// (`pack_apply_message` and `unpack_apply_message` of ipyparallel/serialize/serialize.py).
public struct ApplyCall: Sendable {
  /// The function to call.
  public let function: CallTarget
  /// The positional arguments.
  public let args: [PickleValue]
  /// The keyword arguments, in the order of their names.
  public let kwargs: [(String, PickleValue)]

  /// The frames of a call of the function with this name on the engine. Large `bytes` and arrays are not copied.
  public static func pack(
    function: String, args: [PickleValue] = [], kwargs: [(String, PickleValue)] = []
  ) -> [Bytes] {
    pack(functionFrames: ResultBuffers.serialize(.reference(function)), args: args, kwargs: kwargs)
  }

  /// The frames of a call of a function that is given as frames.
  public static func pack(
    functionFrames: [Bytes], args: [PickleValue] = [], kwargs: [(String, PickleValue)] = []
  ) -> [Bytes] {
    var frames = functionFrames
    let infoIndex = frames.count
    frames.append(Bytes())
    for arg in args { frames.append(contentsOf: ResultBuffers.serialize(arg)) }
    let argumentFrames = frames.count - infoIndex - 1
    let sorted =
      kwargs.count < 2 ? kwargs : kwargs.sorted { $0.0.unicodeScalars.lexicographicallyPrecedes($1.0.unicodeScalars) }
    for (_, value) in sorted { frames.append(contentsOf: ResultBuffers.serialize(value)) }
    frames[infoIndex] = ApplyTemplates.info(
      ApplyInfo(argumentCount: args.count, argumentFrames: argumentFrames, keywords: sorted.map(\.0)))
    return frames
  }

  /// Reads a call. Arguments that are References remain ``PickleValue/reference(_:)``.
  ///
  /// - Throws: `PickleError` if the frames are not exactly one call.
  public static func unpack(
    _ frames: [Bytes], decoder: PickleDecoder = PickleDecoder()
  ) throws(PickleError) -> ApplyCall {
    var rest = frames[...]
    let function = try takeFunction(from: &rest, decoder: decoder)
    return try unpack(function, rest, decoder: decoder)
  }

  /// Reads the function of a call and removes its frames; the arguments are left for ``unpack(_:_:decoder:)``.
  ///
  /// - Throws: `PickleError` if the frames don't begin with a value.
  package static func takeFunction(
    from frames: inout ArraySlice<Bytes>, decoder: PickleDecoder = PickleDecoder()
  ) throws(PickleError) -> CallTarget {
    CallTarget(try ResultBuffers.take(from: &frames, decoder))
  }

  /// The first positional argument of a call whose function has been taken, and which has one.
  ///
  /// - Throws: `PickleError` if the frames are too few or are not pickles.
  package static func firstArgument(
    _ frames: ArraySlice<Bytes>, decoder: PickleDecoder = PickleDecoder()
  ) throws(PickleError) -> PickleValue {
    var rest = frames.dropFirst()
    return try ResultBuffers.take(from: &rest, decoder)
  }

  /// Reads the arguments of a call whose function has been taken.
  ///
  /// - Throws: `PickleError` if the frames are not exactly the arguments of one call.
  package static func unpack(
    _ function: CallTarget, _ frames: ArraySlice<Bytes>, decoder: PickleDecoder = PickleDecoder()
  ) throws(PickleError) -> ApplyCall {
    var rest = frames
    guard let pickle = rest.popFirst() else { throw PickleError(.mismatch, "an apply message has at least two parts") }
    let info = try ApplyInfo(pickle, decoder)
    guard info.argumentFrames <= rest.count, info.argumentCount <= info.argumentFrames else {
      throw PickleError(
        .mismatch, "\(info.argumentCount) arguments in \(info.argumentFrames) parts, \(rest.count) are left")
    }
    var positional = rest.prefix(info.argumentFrames)
    rest = rest.dropFirst(info.argumentFrames)
    var args: [PickleValue] = []
    args.reserveCapacity(info.argumentCount)
    for _ in 0..<info.argumentCount { args.append(try ResultBuffers.take(from: &positional, decoder)) }
    var kwargs: [(String, PickleValue)] = []
    for keyword in info.keywords { kwargs.append((keyword, try ResultBuffers.take(from: &rest, decoder))) }
    guard positional.isEmpty, rest.isEmpty else {
      throw PickleError(.mismatch, "\(positional.count + rest.count) parts of an apply message are left over")
    }
    return ApplyCall(function: function, args: args, kwargs: kwargs)
  }
}
