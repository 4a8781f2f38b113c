import MartletWire

extension Client {
  /// Aborts requests that have not run, wherever they were sent; running ones go on. Their results throw
  /// ``TaskAborted``.
  ///
  /// - Parameters:
  ///   - msgIDs: the requests' ids, see ``AsyncResult/msgIDs``; those of broadcasts are per engine.
  ///   - targets: the engines that are told.
  /// - Throws: ``ClientError/Code/noEngines``, ``ClientError/Code/noSuchEngine``, ``ClientError/Code/timeout`` when an
  ///   engine does not acknowledge.
  public func abort(_ msgIDs: [String], targets: EngineTargets = .all) async throws {
    let content: JSONValue = ["msg_ids": .array(msgIDs.map { .string($0) })]
    try await control(MessageType.abortRequest, content: { _ in content }, to: try resolve(targets))
      .value(timeout: configuration.queryTimeout)
  }

  /// Aborts the requests of a call that have not run and waits until the engines have acknowledged it.
  ///
  /// - Throws: as ``abort(_:targets:)-([String],_)``.
  public func abort<Value>(_ result: AsyncResult<Value>) async throws {
    result.cancel()
    try await abort(result.msgIDs)
  }

  /// Aborts every request of this client that is with engines and has not run.
  func abortOutstanding(on targets: EngineTargets) async throws {
    guard !isClosed else { throw ClientError.closed }
    let engines = try resolve(targets)
    var ids: [EngineIdentity: [String]] = [:]
    for engine in engines { ids[engine] = connection.outbox.withOutstanding { $0.ids(on: engine) } }
    let busy = ids.filter { !$0.value.isEmpty }
    guard !busy.isEmpty else { return }
    try await control(
      MessageType.abortRequest,
      content: { engine in ["msg_ids": .array((busy[engine] ?? []).map { .string($0) })] }, to: Array(busy.keys)
    ).value(timeout: configuration.queryTimeout)
  }

  /// Empties the namespaces of engines.
  ///
  /// - Throws: as ``abort(_:targets:)-([String],_)``.
  public func clear(_ targets: EngineTargets = .all) async throws {
    try await control(MessageType.clearRequest, content: { _ in [:] }, to: try resolve(targets))
      .value(timeout: configuration.queryTimeout)
  }

  /// Ends engines. One that leaves without an answer has ended, too.
  ///
  /// - Throws: ``ClientError/Code/noSuchEngine``; ``CompositeError`` or ``RemoteError`` for engines that refuse.
  public func shutdown(engines targets: EngineTargets = .all) async throws {
    if engines.isEmpty, targets == .all { return }
    let result = control(MessageType.shutdownRequest, content: { _ in ["restart": false] }, to: try resolve(targets))
    guard try await result.wait(timeout: configuration.queryTimeout) else {
      throw ClientError(.timeout, "\(result.progress.done) of \(result.progress.total) engines acknowledged their end")
    }
    for case .failure(let error) in try await result.outcomes where !(error is EngineError) { throw error }
  }

  /// Ends the engines and, if asked to, the controller; the client is closed with the controller.
  ///
  /// - Throws: as ``shutdown(engines:)``, and ``ClientError/Code/hubError``.
  public func shutdown(hub: Bool) async throws {
    try await shutdown(engines: .all)
    guard hub else { return }
    do {
      _ = try await query(MessageType.shutdownRequest)
    } catch let error as ClientError where error.code == .closed {
      // The hub tells everyone that it shuts down, and that may arrive before its answer.
    }
    await close()
  }
}
