import MartletWire

/// What other processes ask of a cluster.
extension Cluster {
  /// Listens for requests of other processes.
  func startControl(in folder: borrowing SocketDirectory) async throws {
    let server = try ControlServer { [weak self] request in
      await self?.answer(request) ?? ["status": "error", "evalue": "the cluster has ended"]
    }
    control = server
    try await server.start(at: SocketDirectory.control(in: folder.path))
  }

  private func answer(_ json: JSONValue) async -> JSONValue {
    do {
      switch try ControlRequest(json: json) {
      case .status: break
      case .scale(let size, let group): try await scale(size, group: group)
      case .autoscale(let scaling, let group): try autoscale(scaling, group: group)
      }
      return ["status": "ok", "groups": .array(engineGroups.map(\.json))]
    } catch {
      return ["status": "error", "evalue": .string("\(error)")]
    }
  }
}
