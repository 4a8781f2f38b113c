import Logging
import MartletWire
import MartletZeroMQ

/// Letting go of names that were kept for clients which have vanished.
extension EngineConnection {
  /// Looks for leases that have ended, from the time something is kept until nothing is.
  func watchLeases() {
    nameLeases.onStart { [weak self] in self?.onLoop { $0.checkLeases() } }
  }

  private func checkLeases() {
    let (ended, goesOn) = nameLeases.check()
    remove(ended)
    guard goesOn else { return }
    _ = loop.schedule(at: .now + NameLeasesState.interval) { [weak self] in
      self?.assumeIsolated { $0.checkLeases() }
    }
  }

  /// A client says how much longer it needs its names.
  func renewNames(_ request: Request) throws(WireError) {
    let content = try request.message.content()
    guard let owner = content["owner"]?.stringValue else {
      throw WireError(.malformedJSON, "a lease_request lacks owner, a text")
    }
    remove(nameLeases.renew(owner, for: try KeptName.time(content)))
    answer(request, content: ["status": "ok"])
  }

  private func remove(_ names: [String]) {
    guard !names.isEmpty, let namespace else { return }
    for name in names { namespace.set(name, to: nil) }
    logger.debug("names of a client that needs them no more were removed", metadata: [LogKey.count: "\(names.count)"])
  }
}
