import Foundation
import Martlet

/// A no-op.
let noop = RemoteFunction("noop") { () -> Int? in nil }

/// The function in the tutorial's first cell.
let greet = RemoteFunction("greet") { () -> String in "hi~" }

/// The function of the tutorial's map.
let square = RemoteFunction("square") { (x: Int) -> Int in x * x }

/// The same, of which an engine runs several at once.
let squareAtOnce = RemoteFunction("squareAtOnce", concurrency: 16) { (x: Int) -> Int in x * x }

/// The same, which says how far it has come.
let squareReporting = RemoteFunction("squareReporting") { (x: Int) -> Int in
  EngineContext.current?.progress(0.5, "half")
  return x * x
}

/// Returns its argument in the memory it was received in.
let echo = RemoteFunction("echo") { (bytes: Bytes) -> Bytes in bytes }

/// Returns its argument in memory of its own.
let echoData = RemoteFunction("echoData") { (data: Data) -> Data in data }

/// Accepts bytes and returns nothing.
let swallow = RemoteFunction("swallow") { (bytes: Bytes) -> Int? in nil }

/// Returns a number of bytes.
let produce = RemoteFunction("produce") { (count: Int) -> Data in Data(repeating: 1, count: count) }

/// Keeps its engine busy for some seconds.
let pause = RemoteFunction("pause") { (seconds: Int) async throws -> Int? in
  try await Task.sleep(for: .seconds(seconds))
  return nil
}

/// Counts each word of an ASCII text file, in lower case.
let wordCount = RemoteFunction("wordCount") { (path: String) throws -> [String: Int] in try countWords(in: path) }

/// Counts each word of an ASCII text file, in lower case.
///
/// - Throws: when the file can't be read.
func countWords(in path: String) throws -> [String: Int] {
  var counts: [String: Int] = [:]
  let text = try String(contentsOfFile: path, encoding: .utf8).lowercased()
  for word in text.utf8.split(whereSeparator: { $0 <= 0x20 }) {
    counts[String(Substring(word)), default: 0] += 1
  }
  return counts
}
