import MartletExampleSupport

/// A point to which the model is fitted.
struct Example {
  /// The weights that are to be found.
  static let truth = [0.5, -1.25, 2, 0.75]

  let inputs: [Double]
  let target: Double

  /// What the model says about the inputs.
  func prediction(_ weights: [Double]) -> Double { zip(inputs, weights).map(*).reduce(0, +) }

  /// Examples with a little noise, the same ones for each seed.
  static func random(_ count: Int, seed: Int) -> [Example] {
    var numbers = SeededNumbers(seed: seed)
    return (0..<count).map { _ in
      let inputs = truth.map { _ in Double.random(in: -1...1, using: &numbers) }
      let noise = Double.random(in: -0.01...0.01, using: &numbers)
      return Example(inputs: inputs, target: zip(inputs, truth).map(*).reduce(noise, +))
    }
  }
}
