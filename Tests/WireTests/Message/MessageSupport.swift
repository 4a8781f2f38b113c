import MartletWire
import MartletZeroMQ

extension Multipart {
  init(_ frames: [Bytes]) {
    self.init()
    for frame in frames { append(frame) }
  }

  init(_ frames: [String]) { self.init(frames.map { Bytes($0) }) }

  var frames: [Bytes] {
    var frames: [Bytes] = []
    for index in 0..<count { frames.append(shared(index)) }
    return frames
  }
}

/// The fields that `JSONFields` finds in an object, with the text of each value.
func fields(_ text: some Collection<UInt8>) throws(WireError) -> [String: String] {
  let bytes = Bytes(Array(text))
  return try bytes.withSpan { (span) throws(WireError) in
    var found: [String: String] = [:]
    try JSONFields.scan(span) { (key, value) throws(WireError) in
      found[key.string] = Bytes(copying: span.extracting(value)).string
    }
    return found
  }
}

func fields(_ text: String) throws(WireError) -> [String: String] { try fields(Array(text.utf8)) }
