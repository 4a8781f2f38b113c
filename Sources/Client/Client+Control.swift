import MartletWire

extension Client {
  /// Aborts requests that have not started, and waits for the engines to acknowledge it. The results of aborted requests
  /// throw ``TaskAborted``.
  ///
  /// - Parameters:
  ///   - msgIDs: the ids of the requests, see ``AsyncResult/msgIDs``. Other clients' requests can be aborted, too.
  ///   - running: whether requests that run are interrupted, too, see ``AsyncResult/cancel(running:endingEngineAfter:)``.
  ///   - targets: the engines to tell.
  /// - Throws: ``ClientError/Code/noEngines``, ``ClientError/Code/noSuchEngine``; ``ClientError/Code/timeout`` if an
  ///   engine does not acknowledge within ``ClientConfiguration/queryTimeout``.
  public func abort(_ msgIDs: [String], running: Bool = false, targets: EngineTargets = .all) async throws {
    let content = RequestMetadata.abort(msgIDs, running: running, patience: nil)
    try await control(MessageType.abortRequest, content: { _ in content }, to: try resolve(targets))
      .value(timeout: configuration.queryTimeout)
  }

  /// Aborts the tasks of a call that have not started, and waits for the engines to acknowledge it. An engine that leaves
  /// instead of answering has nothing left to abort.
  ///
  /// - Parameters:
  ///   - result: the call.
  ///   - running: whether tasks that run are interrupted, too, see ``AsyncResult/cancel(running:endingEngineAfter:)``.
  ///   - patience: how long what runs may go on before its engine is ended, as there.
  /// - Throws: ``ClientError/Code/timeout`` if an engine does not acknowledge within
  ///   ``ClientConfiguration/queryTimeout``; ``ClientError/Code/closed``.
  public func abort<Value>(
    _ result: AsyncResult<Value>, running: Bool = false, endingEngineAfter patience: Duration? = nil
  ) async throws {
    try await acknowledgements(abort(result.state.cancel(), running: running, patience: patience))
  }

  /// Aborts all unfinished requests this client has sent to engines, and waits for them to acknowledge it.
  func abortOutstanding(on targets: EngineTargets) async throws {
    guard !isClosed else { throw ClientError.closed }
    var idsByEngine: [RegisteredEngine: [String]] = [:]
    for engine in try resolve(targets) {
      let ids = connection.outbox.withOutstanding { $0.ids(on: engine) }
      if !ids.isEmpty { idsByEngine[engine] = ids }
    }
    try await acknowledgements(abort(idsByEngine, running: false))
  }

  /// Removes all names from the engines' namespaces.
  ///
  /// - Throws: as ``abort(_:running:targets:)``.
  public func clear(_ targets: EngineTargets = .all) async throws {
    try await control(MessageType.clearRequest, content: { _ in [:] }, to: try resolve(targets))
      .value(timeout: configuration.queryTimeout)
  }

  /// Sends a signal to engines and waits for them to acknowledge it.
  ///
  /// ``EngineSignal/interrupt`` raises `KeyboardInterrupt` in the Python code that runs. To interrupt one task and no
  /// other one that may follow it, use ``AsyncResult/cancel(running:endingEngineAfter:)``.
  ///
  /// - Parameters:
  ///   - signal: the signal.
  ///   - targets: the engines.
  /// - Throws: ``ClientError/Code/noEngines``, ``ClientError/Code/noSuchEngine``, ``ClientError/Code/timeout``;
  ///   ``RemoteError`` if an engine refuses.
  public func sendSignal(_ signal: EngineSignal, to targets: EngineTargets = .all) async throws {
    let content: JSONValue = ["sig": .string(signal.name)]
    try await acknowledgements(control(MessageType.signalRequest, content: { _ in content }, to: try resolve(targets)))
  }

  /// Shuts engines down and waits for them to acknowledge it. An engine that leaves without an answer counts as shut
  /// down.
  ///
  /// - Parameters:
  ///   - targets: the engines. If there are none, `.all` does nothing.
  ///   - graceful: whether they finish what they run first, and give back what waits. They acknowledge at once, and leave
  ///     later. Only Martlet's engines do that, others end at once.
  /// - Throws: ``ClientError/Code/noSuchEngine``, ``ClientError/Code/timeout``; ``RemoteError`` if an engine refuses.
  public func shutdown(engines targets: EngineTargets = .all, graceful: Bool = false) async throws {
    let engines = targets == .all ? self.engines : try resolve(targets)
    if engines.isEmpty { return }
    let content: JSONValue = graceful ? ["restart": false, "graceful": true] : ["restart": false]
    try await acknowledgements(control(MessageType.shutdownRequest, content: { _ in content }, to: engines))
  }

  /// Has engines leave, as with `graceful`, that have nothing to do and nothing that clients have left with them.
  ///
  /// - Parameter engines: Martlet's. Others end at once.
  /// - Returns: the uuids of those that stay, because they are in use.
  /// - Throws: ``ClientError/Code/timeout``.
  package func shutdownUnused(_ engines: [RegisteredEngine]) async throws -> Set<String> {
    let content: JSONValue = ["restart": false, "graceful": true, "if_unused": true]
    let result = control(MessageType.shutdownRequest, content: { _ in content }, to: engines)
    guard try await result.wait(timeout: configuration.queryTimeout) else {
      throw ClientError(.timeout, "engines have not said whether they leave")
    }
    let answers = zip(engines, try await result.outcomes)
    return Set(
      answers.filter { if case .failure(let error) = $1 { error is RemoteError } else { false } }.map(\.0.uuid))
  }

  /// Shuts all engines down and, if asked to, the controller, which closes the client.
  ///
  /// - Parameter hub: whether to shut down the controller as well.
  /// - Throws: as ``shutdown(engines:)``; ``ClientError/Code/hubError``.
  public func shutdown(hub: Bool) async throws {
    try await shutdown(engines: .all)
    guard hub else { return }
    do {
      _ = try await query(MessageType.shutdownRequest)
    } catch let error as ClientError where error.code == .closed {
      // The hub's notification that it shuts down may overtake its answer.
    }
    await close()
  }

  /// Waits for engines to acknowledge a control request. One that has left can't and needn't.
  private func acknowledgements(_ result: AsyncResult<Void>) async throws {
    guard try await result.wait(timeout: configuration.queryTimeout) else {
      let progress = result.progress
      throw ClientError(
        .timeout, "\(progress.done) of \(progress.total) engines acknowledged the \(result.state.method)")
    }
    for case .failure(let error) in try await result.outcomes where !(error is EngineError) { throw error }
  }
}
