/// Prints a JSON object of how long an autoscaler takes to decide about a thousand engines, in microseconds.
@main struct AutoscalerBench {
  private static let count = 1_000
  private static let rounds = 1_000

  static func main() {
    // Engines that are idle and not yet for long enough; that are busy, with tasks waiting for which there are no more; and of
    // which every look ends those of a job.
    let metrics = [
      ("idle", median(load: 0, idleTime: .seconds(rounds + 1), maximum: count)),
      ("busy", median(load: 2, idleTime: .seconds(60), maximum: count)),
      ("growing", median(load: 2, idleTime: .seconds(60), maximum: 2 * count)),
      ("shrinking", median(load: 0, idleTime: .zero, maximum: count)),
    ]
    print("{" + metrics.map { "\"allocation_of_\(count)_\($0)_engines_us\": \($1)" }.joined(separator: ", ") + "}")
  }

  /// The median duration of a look, one each second, at engines in jobs of eight.
  private static func median(load: Int, idleTime: Duration, maximum: Int) -> Double {
    var scaler = Autoscaler(EngineScaling(maximum: maximum, idleTime: idleTime), limit: .max)
    let engines = (0..<count).map {
      Autoscaler.Engine(
        uuid: "3f8a6c1e-52d4-4b7f-9a3c-0000000\(10_000 + $0)", place: EngineKey(set: "1", number: $0 / 8), load: load)
    }
    let seen = Autoscaler.Observation(engines: engines, queued: load == 0 ? 0 : count)
    let start = ContinuousClock.now
    var times: [Duration] = []
    var steps = 0
    for second in 0..<rounds {
      times.append(
        ContinuousClock().measure { if scaler.step(seen, at: start + .seconds(second)) != nil { steps += 1 } })
    }
    precondition((steps > 0) == (idleTime == .zero || maximum > count), "a decision that nobody wants: \(steps)")
    return times.sorted()[rounds / 2] / .microseconds(1)
  }
}
