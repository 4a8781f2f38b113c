import SchedulerWorkload

/// Prints a JSON object of scheduling decisions per second for growing numbers of engines and queued tasks.
@main struct SchedulerBench {
  static func main() {
    var metrics: [(name: String, rate: Int)] = []
    func measure(_ name: String, _ count: Int, _ work: () -> Void) {
      let seconds = ContinuousClock().measure(work) / .seconds(1)
      metrics.append(("scheduler_\(name)_tasks_per_s", Int(Double(count) / seconds)))
    }
    measure("one_by_one", 1_000_000) { SchedulerWorkload.cycles(1_000_000, engines: 4) }
    for engines in [10, 1_000, 10_000] {
      for queued in [10_000, 100_000, 1_000_000] {
        let name = "\(engines)_engines_\(queued)_queued"
        measure(name, queued) { SchedulerWorkload.drain(queued, engines: engines, withDependencies: false) }
        measure("\(name)_with_dependencies", queued) {
          SchedulerWorkload.drain(queued, engines: engines, withDependencies: true)
        }
      }
    }
    // A million tasks of one client, and of a thousand with five priorities.
    for (clients, priorities) in [(1, 1), (1000, 5)] {
      measure("backlog_of_\(clients)_clients_with_\(priorities)_priorities", 1_200_000) {
        SchedulerWorkload.backlog(1_000_000, then: 200_000, clients: clients, priorities: priorities)
      }
    }
    print("{" + metrics.map { "\"\($0.name)\": \($0.rate)" }.joined(separator: ", ") + "}")
  }
}
