/// Finds the result an IOPub message belongs to after the reply has arrived, or if the message names another id than
/// the client's request has.
///
/// The end of an output may get lost, so a route doesn't keep its result alive. Routes of results that are gone are
/// removed now and then.
struct OutputRoutes {
  private struct Route {
    weak var state: ResultState?
    let slot: Int
    let attempt: Int
  }

  private var routes: [String: Route] = [:]
  private var sweepAt = 1024

  /// How many requests have routes.
  var count: Int { routes.count }

  /// How many routes there is room for.
  var capacity: Int { routes.capacity }

  /// Adds the route of a request.
  mutating func add(_ id: String, _ destination: ResultSlot) {
    if routes.count >= sweepAt {
      routes = routes.filter { $0.value.state != nil }
      sweepAt = max(1024, routes.count * 2)
    }
    routes[id] = Route(state: destination.state, slot: destination.slot, attempt: destination.attempt)
  }

  /// The result slot that collects a request's output.
  mutating func destination(of id: String) -> ResultSlot? {
    guard let route = routes[id] else { return nil }
    guard let state = route.state else {
      remove(id)
      return nil
    }
    return ResultSlot(state: state, slot: route.slot, collectsOutput: true, attempt: route.attempt)
  }

  /// The results whose output is incomplete.
  var destinations: [ResultSlot] {
    routes.values.compactMap { route in
      route.state.map { ResultSlot(state: $0, slot: route.slot, collectsOutput: true, attempt: route.attempt) }
    }
  }

  /// Removes the route of a request whose output is complete.
  mutating func remove(_ id: String) {
    routes[id] = nil
    routes.releaseUnusedCapacity()
  }
}
