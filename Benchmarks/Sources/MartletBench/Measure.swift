import ArgumentParser
import Client
import Wire
import ZeroMQ

/// One measurement, printed as a JSON object.
struct Measure: AsyncParsableCommand {
  enum Mode: String, ExpressibleByArgument, CaseIterable { case latency, throughput, payload }
  enum View: String, ExpressibleByArgument, CaseIterable { case direct, loadbalanced, all }

  static let configuration = CommandConfiguration(abstract: "Calls a function many times and prints JSON.")

  @Option(help: "The controller's connection file for clients.") var connectionFile: String
  @Option(help: "latency: one call after the other; throughput: a window of calls; payload: a window of large calls.")
  var mode = Mode.latency
  @Option(help: "Which view makes the calls.") var view = View.direct
  @Option(help: "The function's name, or a Python expression; default noop, for payload echo.") var function: String?
  @Option(help: "How many calls are measured.") var count = 1000
  @Option(help: "How many calls are outstanding at most, except for latency.") var window = 1000
  @Option(help: "The size of the argument; 0 for none.") var bytes = 0
  @Option(help: "How many engines to wait for.") var engines = 1
  @Flag(help: "Let engines publish busy and idle messages.") var collectOutput = false

  func run() async throws {
    let client = try await Client.connect(connectionFile: connectionFile)
    try await client.waitForEngines(engines)
    let size = mode == .payload && bytes == 0 ? 1_000_000 : bytes
    let args: [PickleValue] = size == 0 ? [] : [.bytes(Bytes([UInt8](repeating: 7, count: size)))]
    let call = caller(client, function ?? (mode == .payload ? "echo" : "noop"), args)
    for _ in 0..<min(count, 20) { try await call().value }
    let outstanding = mode == .latency ? 1 : max(window, 1)
    let clock = ContinuousClock()
    var pending: [(ContinuousClock.Instant, AsyncResult<Void>)] = []
    var times: [Duration] = []
    let begin = clock.now
    for index in 0..<count {
      if index >= outstanding { times.append(try await finish(pending[index - outstanding], clock)) }
      pending.append((clock.now, try call()))
    }
    for entry in pending.suffix(outstanding) { times.append(try await finish(entry, clock)) }
    report(times.sorted(), seconds: seconds(clock.now - begin), size: size, engines: client.ids.count)
    await client.close()
  }

  /// A closure that makes one call; its value is dropped unread but for errors.
  private func caller(
    _ client: Client, _ name: String, _ args: [PickleValue]
  ) -> () throws -> AsyncResult<Void> {
    switch view {
    case .direct:
      var view = client[0]
      view.collectsOutput = collectOutput
      return { [view] in try view.apply(name: name, args: args).discardingValue }
    case .loadbalanced:
      var view = client.loadBalanced()
      view.collectsOutput = collectOutput
      return { [view] in try view.apply(name: name, args: args).discardingValue }
    case .all:
      var view = client[...]
      view.collectsOutput = collectOutput
      return { [view] in try view.apply(name: name, args: args).discardingValue }
    }
  }

  private func finish(
    _ entry: (ContinuousClock.Instant, AsyncResult<Void>), _ clock: ContinuousClock
  ) async throws -> Duration {
    try await entry.1.value
    return clock.now - entry.0
  }

  private func report(_ times: [Duration], seconds total: Double, size: Int, engines: Int) {
    func percentile(_ part: Double) -> JSONValue {
      times.isEmpty ? .null : .double(seconds(times[Int(Double(times.count - 1) * part)]) * 1000)
    }
    let tasks = Double(count * (view == .all ? engines : 1))
    // An echo carries the payload both ways.
    let result: JSONValue = [
      "mode": .string(mode.rawValue), "view": .string(view.rawValue), "count": .int(count), "window": .int(window),
      "bytes": .int(size), "engines": .int(engines), "p50_ms": percentile(0.5), "p99_ms": percentile(0.99),
      "seconds": .double(total), "tasks_per_second": .double(tasks / total),
      "gigabytes_per_second": .double(tasks * Double(2 * size) / total / 1e9),
    ]
    print(result.bytes.string)
  }

  private func seconds(_ duration: Duration) -> Double {
    let (seconds, attoseconds) = duration.components
    return Double(seconds) + Double(attoseconds) / 1e18
  }
}
