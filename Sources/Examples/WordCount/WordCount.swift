import Foundation
import Martlet

let wordCount = RemoteFunction("wordCount") { (path: String) throws -> [String: Int] in try countWords(in: path) }

let nothing = RemoteFunction("nothing") { (number: Int) in number }

/// Counts the words in text files, first serially and then on a cluster, and compares the two.
@main struct WordCount: ClusterProgram {
  static let functions: [any RemoteCallable] = [wordCount, nothing]

  static func run(_ client: Client, arguments: [String]) async throws {
    let files = arguments.isEmpty ? defaultFiles() : arguments
    let engines = client.ids.count
    let (texts, places) = (files.count == 1 ? "file" : "files", engines == 1 ? "engine" : "engines")
    print("Counting the words of \(files.count) \(texts) on \(engines) \(places).")

    let clock = ContinuousClock()
    var expected: [String: Int] = [:]
    let sequential = try clock.measure {
      for file in files { expected.merge(try countWords(in: file), uniquingKeysWith: +) }
    }

    let view = client.loadBalanced()
    var counted: [String: Int] = [:]
    let start = clock.now
    let counts = try view.map(wordCount, files)
    let bar = ProgressBar("files", total: files.count)
    for try await (_, count) in counts.asCompleted {
      counted.merge(count, uniquingKeysWith: +)
      bar.advance()
    }
    let parallel = clock.now - start
    bar.finish()

    let calls = 500
    let empty = try await clock.measure { _ = try await view.map(nothing, Array(0..<calls)).value }

    for (word, count) in counted.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }).prefix(10) {
      print("\(String(count).padded(8))  \(word)")
    }
    print("sequential  \(sequential.milliseconds) ms")
    print("parallel    \(parallel.milliseconds) ms, \(ratio(sequential / parallel)) times as fast")
    print("overhead    \((empty / calls).milliseconds) ms a task, from \(calls) empty ones")
    guard counted == expected else { throw WordCountError("the two counts differ") }
    print("Both counts agree: \(counted.values.reduce(0, +)) words, \(counted.count) different ones.")
  }

  /// The Markdown files in the current folder and the system's licence texts, both common and per package.
  private static func defaultFiles() -> [String] {
    let here = FileManager.default.currentDirectoryPath
    return texts(in: here).filter { $0.hasSuffix(".md") } + texts(in: "/usr/share/common-licenses")
      + texts(in: "/usr/share/doc").map { "\($0)/copyright" }.filter(FileManager.default.isReadableFile)
  }

  private static func texts(in folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().map { URL(fileURLWithPath: "\(folder)/\($0)").resolvingSymlinksInPath().path }
  }

  private static func ratio(_ value: Double) -> String { String(format: "%.2f", value) }
}

/// Counts the occurrences of each word in a text file.
func countWords(in path: String) throws -> [String: Int] {
  guard let data = FileManager.default.contents(atPath: path) else { throw WordCountError("can't read \(path)") }
  var counts: [String: Int] = [:]
  var word: [UInt8] = []
  for byte in data + [0x20] {
    switch byte {
    case 0x61...0x7A, 0x80...: word.append(byte)
    case 0x41...0x5A: word.append(byte | 0x20)
    default:
      if !word.isEmpty { counts[String(decoding: word, as: UTF8.self), default: 0] += 1 }
      word.removeAll(keepingCapacity: true)
    }
  }
  return counts
}

/// An error with a readable description.
struct WordCountError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

extension Duration {
  var milliseconds: String { String(format: "%.2f", self / .milliseconds(1)) }
}

extension String {
  func padded(_ width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
