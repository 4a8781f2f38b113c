import Foundation
import Martlet

/// The functions of the test engine.
enum TestFunctions {
  /// The error thrown by `fail`.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  static let sleep = RemoteFunction("sleep") { (seconds: Double) async throws -> Double in
    try await Task.sleep(for: .seconds(seconds))
    return seconds
  }

  /// Leaves its mark as a line of a file before anything else, takes its time, and returns the value.
  static let work = RemoteFunction("work") {
    (path: String, mark: String, seconds: Double, value: Int) async throws -> Int in
    let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT, 0o600)
    guard descriptor >= 0 else { throw Failure(description: "\(path) can't be written") }
    try FileHandle(fileDescriptor: descriptor, closeOnDealloc: true).write(contentsOf: Data("\(mark)\n".utf8))
    try await Task.sleep(for: .seconds(seconds))
    return value
  }

  static let counters = RemoteActor { (system: MartletActorSystem, start: Int) in
    Counter(from: start, actorSystem: system)
  }

  static let negate = RemoteFunction("negate") { (number: Int) in -number }

  static let all: [any RemoteCallable] = [
    counters,
    RemoteFunction("add") { (a: Int, b: Int) in a + b },
    RemoteFunction("greet") { "hi~" },
    Meeting.meet,
    RemoteFunction("mean") { (values: [Double]) in
      values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
    },
    RemoteFunction("double") { (array: NDArray) throws in
      try NDArray(try array.array(of: Double.self).map { $0 * 2 }, shape: array.shape)
    },
    RemoteFunction("train") { (epochs: Int) -> Int in
      for epoch in 1...max(epochs, 1) {
        EngineContext.current?.progress(Double(epoch) / Double(epochs), "epoch \(epoch)")
      }
      return epochs
    },
    RemoteFunction("crash") { (index: Int) in [1, 2, 3][index] },
    RemoteFunction("fail") { (message: String) throws -> Int in throw Failure(description: message) },
    negate,
    sleep,
    work,
    RemoteFunction("say") { (text: String) in print(text) == () },
    RemoteFunction("wordCount") { (path: String) throws -> [String: Int] in
      let text = try String(contentsOfFile: path, encoding: .utf8)
      return Dictionary(text.split(whereSeparator: \.isWhitespace).map { (String($0), 1) }, uniquingKeysWith: +)
    },
    RemoteFunction("unmet") { () throws -> Int in throw UnmetDependency() },
    RemoteFunction("assign") { (name: String, value: [Double]) throws -> Bool in
      try EngineContext.current?.set(name, to: value)
      return true
    },
    RemoteFunction("read") { (name: String) throws -> [Double]? in try EngineContext.current?.value(named: name) },
    RemoteFunction("forget") { (name: String) -> Bool in
      EngineContext.current?.removeValue(named: name)
      return true
    },
    RemoteFunction("attempt") { EngineContext.current?.attempt ?? 0 },
    RemoteFunction("scaled") { (x: Double) throws -> Double in
      x * (try EngineContext.current?.value(named: "factor") ?? 1)
    },
  ]
}
