import MartletWire

extension LoadBalancedView {
  /// The chunks a map has outstanding unless told otherwise: four an engine and at least 1,000. Enough to hide the round
  /// trip, and little enough that a map of millions does not fill the controller's memory.
  static func defaultWindow(engines: Int) -> Int { max(4 * engines, 1000) }

  /// Calls a typed function with each item, chunk by chunk, on whichever engine is free.
  ///
  /// - Parameters:
  ///   - function: what to call.
  ///   - items: the arguments. An item that can't be sent fails its chunk.
  ///   - chunkSize: how many items make a task. Larger chunks cost less per item and balance worse.
  ///   - window: how many chunks may be outstanding; by default four an engine and at least 1,000. Further chunks are
  ///     packed and sent as results come.
  /// - Returns: the results in the order of the items, each as soon as its chunk is done;
  ///   ``AsyncResult/asCompleted`` gives them in the order they are done.
  /// - Throws: ``ClientError`` when there is no engine or a number is not positive.
  public func map<Input: Codable & Sendable, Output: Codable & Sendable>(
    _ function: RemoteFunction<Input, Output>, _ items: some Collection<Input>, chunkSize: Int = 1, window: Int? = nil
  ) throws -> AsyncResult<[Output]> {
    let items = Array(items)
    return try map(function.name, count: items.count, chunkSize: chunkSize, window: window) { range in
      try items[range].map { try Call.encode($0, of: function.name) }
    }
  }

  /// Calls a function, given by its name or Python expression, with each item.
  ///
  /// - Throws: as ``map(_:_:chunkSize:window:)``.
  public func map<Output: Codable & Sendable>(
    name: String, _ items: [PickleValue], chunkSize: Int = 1, window: Int? = nil,
    as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<[Output]> {
    try map(name, count: items.count, chunkSize: chunkSize, window: window) { Array(items[$0]) }
  }

  private func map<Output: Codable & Sendable>(
    _ name: String, count: Int, chunkSize: Int, window: Int?,
    items: @escaping @Sendable (Range<Int>) throws -> [PickleValue]
  ) throws -> AsyncResult<[Output]> {
    let window = window ?? Self.defaultWindow(engines: client.ids.count)
    guard chunkSize > 0, window > 0 else {
      throw ClientError(.invalidArgument, "map(\(name)): chunkSize is \(chunkSize), window \(window); both must be > 0")
    }
    let method = "map(\(name))"
    let state = ResultState(total: (count + chunkSize - 1) / chunkSize, method: method, label: label)
    let metadata = try metadata()
    let (client, collectsOutput) = (client, collectsOutput)
    let feeder = MapFeeder(state: state, window: window) { slot in
      do {
        let chunk = try items(slot * chunkSize..<min((slot + 1) * chunkSize, count))
        let call = chunkSize == 1 ? Call.apply(name, chunk, method: method) : Call.map(name, chunk)
        client.schedule(call, metadata: metadata, collectsOutput: collectsOutput, state: state, slot: slot)
      } catch {
        state.complete(slot, .failure(error), output: .none)
      }
    }
    feeder.start()
    return AsyncResult(
      client: client, state: state,
      shape: .chunks(start: { $0 * chunkSize }) { reply in
        chunkSize == 1
          ? [try ReplyDecoding.value(reply, of: method, as: Output.self)]
          : try MapReply.elements(reply, of: method, as: Output.self)
      })
  }
}

/// Sends the chunks of a map, never more than a window at once.
struct MapFeeder: Sendable {
  let state: ResultState
  let window: Int
  /// Packs and sends one chunk.
  let send: @Sendable (_ slot: Int) -> Void

  /// Sends the first window at once; if there is more, a task sends the rest as results come.
  func start() {
    let first = min(window, state.total)
    for slot in 0..<first { send(slot) }
    guard first < state.total else { return }
    Task { await feed(from: first) }
  }

  private func feed(from first: Int) async {
    var next = first
    while next < state.total {
      // Half a window is refilled at a time, so that this wakes up rarely.
      guard (try? await state.wait(for: .outstanding(below: window / 2 + 1))) != nil else { return }
      if state.isCancelled { return }
      let room = max(window - state.outstandingCount, 1)
      for slot in next..<min(next + room, state.total) { send(slot) }
      next = min(next + room, state.total)
    }
  }
}
