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
    var numbers = SeededNumbers(state: UInt64(truncatingIfNeeded: seed) &+ 1)
    return (0..<count).map { _ in
      let inputs = truth.map { _ in Double.random(in: -1...1, using: &numbers) }
      let noise = Double.random(in: -0.01...0.01, using: &numbers)
      return Example(inputs: inputs, target: zip(inputs, truth).map(*).reduce(noise, +))
    }
  }
}

/// Random numbers that are the same on every machine (SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
