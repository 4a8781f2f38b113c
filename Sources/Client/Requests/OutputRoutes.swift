/// Which result IOPub messages belong to that come after the reply or name other requests than the client's own. Their
/// end may never come: a route does not keep its result alive, and routes of results nobody holds any more are swept out.
struct OutputRoutes {
  private struct Route {
    weak var state: ResultState?
    let slot: Int
  }

  private var routes: [String: Route] = [:]
  private var sweepAt = 1024

  /// How many requests have output under way.
  var count: Int { routes.count }

  /// Starts to collect the output of a request.
  mutating func add(_ id: String, _ destination: Destination) {
    if routes.count >= sweepAt {
      routes = routes.filter { $0.value.state != nil }
      sweepAt = max(1024, routes.count * 2)
    }
    routes[id] = Route(state: destination.state, slot: destination.slot)
  }

  /// Who collects the output of a request.
  mutating func destination(of id: String) -> Destination? {
    guard let route = routes[id] else { return nil }
    guard let state = route.state else {
      routes[id] = nil
      return nil
    }
    return Destination(state: state, slot: route.slot, collectsOutput: true)
  }

  /// Ends the collection: the output is complete.
  mutating func remove(_ id: String) { routes[id] = nil }
}
