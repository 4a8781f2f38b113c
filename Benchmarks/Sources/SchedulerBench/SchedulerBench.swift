import SchedulerWorkload

/// Prints scheduling decisions per second for growing numbers of engines and queued tasks.
@main struct SchedulerBench {
  static func main() {
    let simple = ContinuousClock().measure { SchedulerWorkload.cycles(1_000_000, engines: 4) }
    print("submit, dispatch and result, 4 engines, hwm 1: \(rate(1_000_000, simple)) tasks/s")
    print("| engines | queued | plain tasks/s | with dependencies tasks/s |")
    print("|---:|---:|---:|---:|")
    for engines in [10, 1_000, 10_000] {
      for queued in [10_000, 100_000, 1_000_000] {
        let plain = time(queued, engines, withDependencies: false)
        let graph = time(queued, engines, withDependencies: true)
        print("| \(engines) | \(queued) | \(rate(queued, plain)) | \(rate(queued, graph)) |")
      }
    }
  }

  private static func time(_ count: Int, _ engines: Int, withDependencies: Bool) -> Duration {
    ContinuousClock().measure {
      SchedulerWorkload.drain(count, engines: engines, withDependencies: withDependencies)
    }
  }

  private static func rate(_ count: Int, _ duration: Duration) -> Int { Int(Double(count) / (duration / .seconds(1))) }
}
