import MartletWire

/// Dask's scheduler, which clients can have started beside the hub.
extension HubState {
  mutating func becomeDask(_ asker: Asker, _ content: JSONValue) throws(HubError) {
    guard configuration.allowsDask else {
      throw HubError(
        ename: "PermissionError", evalue: "this controller starts no Dask scheduler: it was started with --no-python")
    }
    var arguments = content["scheduler_args"] ?? [:]
    if arguments.isNull { arguments = [:] }
    guard arguments.objectValue != nil else { throw .value("scheduler_args of a become_dask_request is not an object") }
    switch try dask.request(asker) {
    case .start(let number): act(.startDask(arguments: arguments, number: number))
    case .wait: break
    case .running(let address): reply(asker, MessageType.becomeDaskReply, address.json)
    }
  }

  mutating func stopDask(_ asker: Asker) {
    if let waiting = dask.stop() {
      act(.stopDask)
      for other in waiting { fail(other, .runtime("Dask's scheduler was stopped while it started")) }
    }
    reply(asker, MessageType.stopDistributedReply, ["status": "ok"])
  }

  /// Handles news of the scheduler with a number.
  mutating func daskChanged(_ number: Int, _ event: DaskEvent) {
    switch event {
    case .started(let address):
      act(.log(.daskStarted(address: address.address)))
      for asker in dask.started(number, address) { reply(asker, MessageType.becomeDaskReply, address.json) }
    case .failed(let error):
      for asker in dask.ended(number) ?? [] { fail(asker, error) }
    case .ended(let status):
      act(.log(.daskEnded(status: status)))
      for asker in dask.ended(number) ?? [] { fail(asker, .runtime("Dask's scheduler ended with \(status)")) }
    }
  }
}
