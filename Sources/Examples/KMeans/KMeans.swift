import Martlet
import MartletExampleSupport

/// Points in the plane, x and y in turn, around as many centres as there are.
let points = RemoteFunction("points") { (centres: [Double], count: Int, seed: Int) in
  var numbers = SeededNumbers(seed: seed)
  return (0..<count).flatMap { index in
    let centre = 2 * (index % (centres.count / 2))
    return (0...1).map { centres[centre + $0] + Double.random(in: -1...1, using: &numbers) }
  }
}

/// What the points of a part say about the centres: of each, the sums of x and y of the points next to it, and their count.
let assign = RemoteFunction("assign") { (points: [Double], centres: [Double]) in
  var sums = Array(repeating: 0.0, count: centres.count / 2 * 3)
  for point in stride(from: 0, to: points.count - 1, by: 2) {
    let (x, y) = (points[point], points[point + 1])
    var nearest = (centre: 0, distance: Double.infinity)
    for centre in 0..<centres.count / 2 {
      let (dx, dy) = (x - centres[2 * centre], y - centres[2 * centre + 1])
      if dx * dx + dy * dy < nearest.distance { nearest = (centre, dx * dx + dy * dy) }
    }
    sums[3 * nearest.centre] += x
    sums[3 * nearest.centre + 1] += y
    sums[3 * nearest.centre + 2] += 1
  }
  return sums
}

/// Finds clusters of points by Lloyd's algorithm. The points stay on the engines; only centres and sums travel.
@main struct KMeans: ClusterProgram {
  static let functions: [any RemoteCallable] = [points, assign]
  private static let truth = [0.0, 0, 6, 0, 0, 6, 6, 6]

  static func run(_ client: Client, arguments: [String]) async throws {
    let count = arguments.first.flatMap { Int($0) } ?? 200_000
    let view = client.loadBalanced()
    let pending = try (0..<8).map { try view.keep(points, truth, count / 8, $0) }
    var parts: [RemoteReference<[Double]>] = []
    for part in pending { parts.append(try await part.value) }
    let engines = Set(parts.map(\.engine.id)).count
    print("\(parts.count) parts of \(count / 8) points on \(engines) \(engines == 1 ? "engine" : "engines").")

    var centres = [1.0, 1, 4, 1, 1, 4, 4, 4]
    var rounds = 0
    while true {
      // Each call goes to the engine that has the part.
      let results = try parts.map { try view.apply(assign, $0, centres) }
      var sums = Array(repeating: 0.0, count: centres.count / 2 * 3)
      for result in results {
        for (index, sum) in try await result.value.enumerated() { sums[index] += sum }
      }
      let old = centres
      for centre in 0..<centres.count / 2 where sums[3 * centre + 2] > 0 {
        centres[2 * centre] = sums[3 * centre] / sums[3 * centre + 2]
        centres[2 * centre + 1] = sums[3 * centre + 1] / sums[3 * centre + 2]
      }
      rounds += 1
      if zip(old, centres).allSatisfy({ abs($0 - $1) < 1e-9 }) || rounds == 100 { break }
    }
    print("After \(rounds) rounds: \(centres.map { ($0 * 10).rounded() / 10 })")
    guard zip(centres, truth).allSatisfy({ abs($0 - $1) < 0.2 }) else { throw ExampleError("these are other centres") }
    print("They are right.")
  }
}
