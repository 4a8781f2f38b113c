import Foundation
import Martlet

/// A client for the chaos harness: it sends random calls with known answers until a file appears, then waits for what is
/// left. It writes down each call and what became of it, like the streams in `Tests/Chaos/programs`.
///
/// Started again after it was killed, it first fetches the results of the tasks that were open.
actor ChaosStream {
  private let client: Client
  private let journal: ChaosJournal
  private let marks: String
  /// Names this process among those that have the journal in common.
  private let name: String
  private var numbers: SeededNumbers
  private var count = 0
  private var underWay = 0
  private var recent: [String] = []

  /// Calls under way at a time, and sent in one go.
  private static let (window, burst) = (24, 6)
  /// How long a task may be unknown until it counts as never accepted: what was sent may still be on its way.
  private static let unknownLimit = Duration.seconds(5)

  /// A call to be made.
  private struct Call {
    let function: String
    let arguments: [PickleValue]
    let expected: String
    var mark: String?
  }

  /// - Parameter arguments: the paths of journal, marks and stop file, the client's name, the seed, and the seconds to wait
  ///   for the last answers.
  static func run(_ client: Client, arguments: [String]) async throws {
    guard arguments.count == 6, let patience = Double(arguments[5]) else {
      throw ClusterError("usage: martlet-test-engine stream JOURNAL MARKS STOP_FILE NAME SEED PATIENCE")
    }
    let stream = try ChaosStream(client, arguments)
    try await stream.run(until: arguments[2], patience: .seconds(patience))
  }

  private init(_ client: Client, _ arguments: [String]) throws {
    self.client = client
    journal = try ChaosJournal(path: arguments[0])
    marks = arguments[1]
    name = "\(arguments[3]).\(journal.earlierStarts)"
    numbers = SeededNumbers("\(arguments[4]) \(journal.earlierStarts)")
  }

  private func run(until stop: String, patience: Duration) async throws {
    journal.write(["event": "started"])
    for (task, expected) in journal.openTasks {
      guard let expected else {
        journal.write(["event": "abandoned", "task": task])
        continue
      }
      underWay += 1
      Task { await fetch(task, expected) }
    }
    while !FileManager.default.fileExists(atPath: stop) {
      for _ in 0..<Int.random(in: 1..<Self.burst, using: &numbers) where underWay < Self.window { submit() }
      try await Task.sleep(for: .milliseconds(10))
    }
    let deadline = ContinuousClock.now + patience
    while underWay > 0, .now < deadline { try await Task.sleep(for: .milliseconds(10)) }
    journal.write(["event": "closed"])
  }

  // MARK: - Calls

  private func submit() {
    count += 1
    let (call, at) = (nextCall(), ChaosJournal.now)
    do {
      switch Int.random(in: 0..<10, using: &numbers) {
      case 0..<6:
        var view = client.loadBalanced()
        view.retries = [0, 0, 0, 1, 3].randomElement(using: &numbers) ?? 0
        let dependsOnOther = Int.random(in: 0..<10, using: &numbers) == 0
        let after = dependsOnOther ? recent.randomElement(using: &numbers).map { [$0] } ?? [] : []
        if !after.isEmpty { view.after = Dependency(after) }
        let result = try view.apply(name: call.function, args: call.arguments)
        recent = recent.suffix(20) + result.msgIDs
        follow(result, of: call, via: "task", at, retries: view.retries, after: after) { $0 }
      case 6..<9:
        guard let id = client.ids.randomElement(using: &numbers) else { return }
        let result = try client[id].apply(name: call.function, args: call.arguments)
        follow(result, of: call, via: "mux", at) { $0 }
      default:
        let result = try client.broadcast().apply(name: call.function, args: call.arguments)
        follow(result, of: call, via: "broadcast", at) { $0.first ?? .none }
      }
    } catch {
      // No engine is there, or the one that was chosen has just left.
    }
  }

  private func follow<Value: Sendable>(
    _ result: AsyncResult<Value>, of call: Call, via: String, _ at: Double, retries: Int = 0, after: [String] = [],
    value: @escaping @Sendable (Value) -> PickleValue
  ) {
    let tasks = result.msgIDs
    journal.write(
      tasks.map { task in
        [
          "event": "submitted", "task": task, "via": via, "expected": call.expected, "at": at,
          "mark": call.mark ?? NSNull(), "retries": retries, "after": after,
        ]
      })
    underWay += 1
    let expected = call.expected
    Task {
      let outcomes = (try? await result.outcomes) ?? []
      for (task, outcome) in zip(tasks, outcomes) { end(task, outcome.map(value), expected) }
      underWay -= 1
    }
  }

  /// Fetches the result of a task that another process has sent.
  private func fetch(_ task: String, _ expected: String) async {
    defer { underWay -= 1 }
    let limit = ContinuousClock.now + Self.unknownLimit
    while true {
      guard let outcome = try? await client.getResult([task]).outcomes.first else { return }
      // The controller may be missing for longer than questions wait.
      if case .failure(let error as ClientError) = outcome, error.code == .timeout { continue }
      if case .failure(let error as ClientError) = outcome, error.code == .hubError {
        guard ContinuousClock.now < limit else {
          return end(task, error: ["ename": "Unknown", "evalue": error.message])
        }
        try? await Task.sleep(for: .milliseconds(200))
      } else {
        return end(task, outcome.map { $0.first ?? .none }, expected)
      }
    }
  }

  private func nextCall() -> Call {
    switch Int.random(in: 0..<100, using: &numbers) {
    case 0..<60:
      let mark = "\(name)-\(count)"
      let longest = Double.random(in: 0..<1, using: &numbers)
      let seconds = longest < 0.7 ? 0 : longest < 0.94 ? 0.02 : longest < 0.99 ? 0.3 : 1.5
      return Call(
        function: "work", arguments: [.string(marks), .string(mark), .float(seconds), .int(count)],
        expected: "\(count)", mark: mark)
    case 60..<84:
      let number = Int.random(in: 0..<1_000_000, using: &numbers)
      return Call(function: "add", arguments: [.int(number), .int(count)], expected: "\(number + count)")
    case 84..<90:
      let message = "task \(count)"
      return Call(function: "fail", arguments: [.string(message)], expected: "raises Failure: \(message)")
    default:
      let size = 1 << Int.random(in: 0..<15, using: &numbers)
      return Call(
        function: "mean", arguments: [.list(Array(repeating: .float(Double(count)), count: size))],
        expected: "\(Double(count))")
    }
  }

  // MARK: - Ends

  private func end(_ task: String, _ outcome: Result<PickleValue, any Error>, _ expected: String) {
    switch outcome {
    case .success(.int(let value)): end(task, value: "\(value)")
    case .success(.float(let value)): end(task, value: "\(value)")
    case .success(let value): end(task, value: "\(value)")
    case .failure(let error as AttemptsFailed): end(task, .failure(error.context ?? error.last), expected)
    case .failure(let error as RemoteError) where "raises \(error.ename): \(error.evalue)" == expected:
      end(task, value: expected)
    case .failure(let error): end(task, error: Self.description(of: error))
    }
  }

  private func end(_ task: String, value: String) {
    journal.write(["event": "ended", "task": task, "at": ChaosJournal.now, "value": value])
  }

  private func end(_ task: String, error: [String: Any]) {
    journal.write(["event": "ended", "task": task, "at": ChaosJournal.now, "error": error])
  }

  private static func description(of error: any Error) -> [String: Any] {
    switch error {
    case let error as EngineError:
      ["ename": "EngineError", "evalue": error.description, "engine": error.engineUUID ?? NSNull()]
    case let error as RemoteError:
      ["ename": error.ename, "evalue": error.evalue, "engine": error.engineUUID ?? NSNull()]
    case let error as ClientError where error.code == .controllerLost:
      ["ename": "ControllerLost", "evalue": error.message]
    case let error as ClientError: ["ename": "ClientError.\(error.code)", "evalue": error.message]
    default: ["ename": "\(type(of: error))", "evalue": "\(error)"]
    }
  }
}
