import MartletZeroMQ

/// The counts in the second pickle of an apply message, which say how to divide the frames after it.
struct ApplyInfo: Sendable, Hashable {
  /// `nargs`, the number of positional arguments.
  let argumentCount: Int
  /// `narg_bufs`, the number of frames the positional arguments take.
  let argumentFrames: Int
  /// `kw_keys`, the names of the keyword arguments in the order of their frames.
  let keywords: [String]

  init(argumentCount: Int, argumentFrames: Int, keywords: [String]) {
    self.argumentCount = argumentCount
    self.argumentFrames = argumentFrames
    self.keywords = keywords
  }

  /// Reads the pickle.
  init(_ pickle: Bytes, _ decoder: PickleDecoder) throws(PickleError) {
    if let plain = ApplyTemplates.plainInfo(pickle) {
      self = plain
      return
    }
    guard case .dict(let dict) = try decoder.decode(pickle), case .int(let arguments)? = dict["nargs"],
      case .int(let frames)? = dict["narg_bufs"], let keys = dict["kw_keys"]?.elements, arguments >= 0, frames >= 0
    else { throw PickleError(.mismatch, "the second part of an apply message is not its counts") }
    let keywords = keys.compactMap(\.stringValue)
    guard keywords.count == keys.count else {
      throw PickleError(.mismatch, "a keyword of an apply message is not a str")
    }
    self.init(argumentCount: arguments, argumentFrames: frames, keywords: keywords)
  }
}
