import Foundation
import Martlet
import MartletExampleSupport

/// A call option of European style, on a share whose price is a geometric Brownian motion.
struct Option: Codable, Sendable {
  var price = 100.0
  var strike = 105.0
  /// In years.
  var time = 1.0
  /// A year's interest.
  var rate = 0.02
  var volatility = 0.25

  /// What the option pays, in today's money, if the price takes a standard normal step.
  func payoff(_ step: Double) -> Double {
    let drift = (rate - volatility * volatility / 2) * time
    return exp(-rate * time) * max(0, price * exp(drift + volatility * time.squareRoot() * step) - strike)
  }

  /// Its value by the formula of Black and Scholes.
  var exactValue: Double {
    let spread = volatility * time.squareRoot()
    let upper = (log(price / strike) + (rate + volatility * volatility / 2) * time) / spread
    return price * Self.normal(upper) - strike * exp(-rate * time) * Self.normal(upper - spread)
  }

  private static func normal(_ value: Double) -> Double { erfc(-value / 2.0.squareRoot()) / 2 }
}

/// The sum of some payoffs and that of their squares.
struct Sums: Codable, Sendable {
  var payoffs = 0.0
  var squares = 0.0
}

/// Draws a batch of pairs: each step once upwards and once downwards, whose errors nearly cancel.
///
/// A batch has a seed of its own, so it is the same batch on whichever engine it runs.
let batch = RemoteFunction("batch") { (option: Option, seed: Int, pairs: Int) in
  var numbers = SeededNumbers(seed: seed)
  var sums = Sums()
  for _ in 0..<pairs {
    let radius = (-2 * log(1 - Double.random(in: 0..<1, using: &numbers))).squareRoot()
    let step = radius * cos(2 * .pi * Double.random(in: 0..<1, using: &numbers))
    let payoff = (option.payoff(step) + option.payoff(-step)) / 2
    sums.payoffs += payoff
    sums.squares += payoff * payoff
  }
  return sums
}

/// Values an option by random numbers, with the same result for any number of engines.
@main struct MonteCarlo: ClusterProgram {
  static let functions: [any RemoteCallable] = [batch]

  static func run(_ client: Client, arguments: [String]) async throws {
    let (batches, pairs) = (64, arguments.first.flatMap { Int($0) } ?? 100_000)
    let option = Option()
    let results = try client.loadBalanced().map(
      batch, Array(repeating: option, count: batches), Array(0..<batches), Array(repeating: pairs, count: batches))
    // In the order of the batches, as sums of doubles depend on it.
    var total = Sums()
    for try await sums in results {
      total.payoffs += sums.payoffs
      total.squares += sums.squares
    }
    let count = Double(batches * pairs)
    let value = total.payoffs / count
    let error = ((total.squares / count - value * value) / count).squareRoot()
    let engines = client.ids.count
    print("\(batches * pairs) pairs on \(engines) \(engines == 1 ? "engine" : "engines").")
    print("Value:     \(value) ± \(error)")
    print("By theory: \(option.exactValue)")
    guard abs(value - option.exactValue) < 5 * error else { throw ExampleError("the two differ") }
  }
}
