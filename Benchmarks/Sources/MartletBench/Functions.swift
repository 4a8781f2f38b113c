import Foundation
import Martlet

/// Takes and gives nothing.
let noop = RemoteFunction("noop") { () -> Int? in nil }

/// What the tutorial's first cell calls.
let greet = RemoteFunction("greet") { () -> String in "hi~" }

/// The tutorial's map.
let square = RemoteFunction("square") { (x: Int) -> Int in x * x }

/// Gives back what it gets, in the memory it came in.
let echo = RemoteFunction("echo") { (bytes: Bytes) -> Bytes in bytes }

/// Gives back what it gets, in memory of the function's own.
let echoData = RemoteFunction("echoData") { (data: Data) -> Data in data }

/// Takes bytes and gives nothing.
let swallow = RemoteFunction("swallow") { (bytes: Bytes) -> Int? in nil }

/// Gives a number of bytes.
let produce = RemoteFunction("produce") { (count: Int) -> Data in Data(repeating: 1, count: count) }

/// Keeps its engine busy for some seconds.
let pause = RemoteFunction("pause") { (seconds: Int) async throws -> Int? in
  try await Task.sleep(for: .seconds(seconds))
  return nil
}

/// How often each word occurs in a text file of ASCII, in lower case.
let wordCount = RemoteFunction("wordCount") { (path: String) throws -> [String: Int] in try countWords(in: path) }

/// How often each word occurs in a text file of ASCII, in lower case.
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
