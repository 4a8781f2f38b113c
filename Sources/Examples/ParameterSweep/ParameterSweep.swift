import Foundation
import Martlet
import MartletExampleSupport

/// The values between which the logistic map x → r·x·(1−x) goes to and fro in the long run.
let orbit = RemoteFunction("orbit") { (rate: Double) in
  var x = 0.5
  for _ in 0..<1000 { x = rate * x * (1 - x) }
  return (0..<100).map { _ in
    x = rate * x * (1 - x)
    return x
  }
}

/// Sweeps over the parameter of the logistic map, and draws what comes in while the rest is being computed: open the file in a
/// browser.
@main struct ParameterSweep: ClusterProgram {
  static let functions: [any RemoteCallable] = [orbit]

  static func run(_ client: Client, arguments: [String]) async throws {
    let count = arguments.first.flatMap { Int($0) } ?? 800
    let file = arguments.count > 1 ? arguments[1] : "sweep.svg"
    guard count > 1 else { throw ExampleError("a sweep has at least two values") }
    let rates = (0..<count).map { 2.5 + 1.5 * Double($0) / Double(count - 1) }
    var plot = Plot(xs: 2.5...4, ys: 0...1)
    let results = try client.loadBalanced().map(orbit, rates, chunkSize: 4)
    let bar = ProgressBar("values", total: count)
    for try await (index, values) in results.asCompleted {
      for value in values { plot.add(rates[index], value) }
      bar.advance()
      if plot.isDue { try plot.write(to: file, refreshing: true) }
    }
    bar.finish()
    try plot.write(to: file, refreshing: false)
    print("\(plot.count) points of \(count) values are in \(file).")
  }
}
