import Distributed
import Martlet

/// Holds the weights of a model, and improves them by the gradients that workers find.
distributed actor ParameterServer {
  typealias ActorSystem = MartletActorSystem
  private var weights: [Double]

  init(size: Int, actorSystem: ActorSystem) {
    weights = Array(repeating: 0, count: size)
    self.actorSystem = actorSystem
  }

  distributed func current() -> [Double] { weights }

  /// Takes a step down a gradient.
  ///
  /// - Returns: the weights after it.
  distributed func apply(_ gradient: [Double], rate: Double) -> [Double] {
    for index in weights.indices.prefix(gradient.count) { weights[index] -= rate * gradient[index] }
    return weights
  }
}

/// Has a part of the examples, which never leaves its engine.
distributed actor Worker {
  typealias ActorSystem = MartletActorSystem
  private let examples: [Example]

  init(seed: Int, count: Int, actorSystem: ActorSystem) {
    examples = Example.random(count, seed: seed)
    self.actorSystem = actorSystem
  }

  /// The gradient of the mean squared error at some weights.
  distributed func gradient(at weights: [Double]) -> [Double] {
    var sum = Array(repeating: 0.0, count: weights.count)
    for example in examples {
      let error = example.prediction(weights) - example.target
      for index in sum.indices { sum[index] += 2 * error * example.inputs[index] / Double(examples.count) }
    }
    return sum
  }
}

let servers = RemoteActor { (system: MartletActorSystem, size: Int) in
  ParameterServer(size: size, actorSystem: system)
}
let workers = RemoteActor { (system: MartletActorSystem, seed: Int, count: Int) in
  Worker(seed: seed, count: count, actorSystem: system)
}

/// Fits a linear model: a worker on every engine computes gradients, and a parameter server takes them as they come.
@main struct Training: ClusterProgram {
  static let functions: [any RemoteCallable] = [servers, workers]

  static func run(_ client: Client, arguments: [String]) async throws {
    let steps = arguments.first.flatMap { Int($0) } ?? 300
    let server = try await client.loadBalanced().create(servers, Example.truth.count)
    try await withThrowingTaskGroup { group in
      for engine in client.ids {
        group.addTask {
          let worker = try await client[engine].create(workers, engine, 1000)
          var weights = try await server.current()
          for _ in 0..<steps { weights = try await server.apply(worker.gradient(at: weights), rate: 0.05) }
        }
      }
      try await group.waitForAll()
    }
    let weights = try await server.current()
    let error = zip(weights, Example.truth).map { abs($0 - $1) }.max() ?? 0
    let count = client.ids.count
    print(count == 1 ? "One worker took \(steps) steps." : "\(count) workers took \(steps) steps each.")
    print("Weights: \(weights.map { ($0 * 100).rounded() / 100 })")
    print(error < 0.05 ? "They are right." : "They are off by \(error).")
  }
}
