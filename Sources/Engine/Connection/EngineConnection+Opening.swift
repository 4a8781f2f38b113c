import Logging
import MartletWire
import MartletZeroMQ
import Synchronization

/// What the engine opens and creates once the hub has registered it.
extension EngineConnection {
  /// Opens the sockets of a registered engine and creates its runner.
  func open(
    _ registration: RegistrationReply, _ worker: WorkerThread
  ) throws -> (RequestRunner, EngineContext) {
    guard let context else { throw CancellationError() }
    let origin = MessageOrigin(id: registration.id, uuid: configuration.uuid)
    self.origin = origin
    number.change(to: registration.id)
    logger[metadataKey: LogKey.engine] = "\(configuration.label).\(registration.id)"
    let sockets = try EngineSockets(context, configuration.connection, options: options, id: registration.id)
    sender.open(sockets, origin: origin)
    sources.append(loop.onReadable(sockets.control) { [weak self] in self?.assumeIsolated { $0.readControl() } })
    self.sockets = sockets
    if configuration.captureOutput { try captureOutput() }
    let python = makePython(registration, worker.loop)
    let namespace = Namespace(python: python)
    self.namespace = namespace
    watchLeases()
    let writer = ReplyWriter(number: number, engineUUID: configuration.uuid)
    self.writer = writer
    let receiver = ShellReceiver(
      sockets.shell, verifier: verifier, mailbox: mailbox, sender: sender, writer: writer,
      hasPython: python != nil
    ) { [weak self] error in
      self?.onLoop { $0.receivingFailed(error, channel: .shell) }
    }
    self.receiver = receiver
    renewLease(registration)
    var runner = RequestRunner(
      mailbox: mailbox,
      apply: ApplyRunner(functions: functions, namespace: namespace, hasPython: python != nil, leases: nameLeases),
      execute: ExecuteRunner(namespace: namespace), namespace: namespace, writer: writer, capture: capture,
      sender: sender, lease: lease, receiver: receiver, python: python, stopper: makeStopper(),
      count: makeRequestCount(canRetire: registration.retires))
    if functions.hasConcurrent || functions.hasActors {
      runner.beside = RequestRunner.Beside(requests: beside, worker: worker)
    }
    clientAccess.update(registration.clientConnection, own: connection, keys: configuration.curveKeys)
    // ipyparallel's words, which its launchers and their users look for.
    logger.info(
      "Completed registration with id \(registration.id)",
      metadata: [LogKey.heartbeatPeriod: "\(registration.heartbeatPeriod)"])
    return (
      runner,
      EngineContext(
        number: number, engineUUID: configuration.uuid, namespace: namespace, running: runner.running,
        sender: sender, clientAccess: clientAccess, logger: logger)
    )
  }

  private func makePython(_ registration: RegistrationReply, _ workerLoop: EventLoop) -> PythonWorker? {
    guard configuration.python.isAllowed else { return nil }
    let descriptors = configuration.capturedDescriptors
    let python = PythonWorker(
      configuration.python,
      PythonWorker.Surroundings(
        number: number, engineUUID: configuration.uuid, sender: sender, capture: capture,
        output: descriptors.first { $0.name == "stdout" }?.descriptor ?? 1,
        errors: descriptors.first { $0.name == "stderr" }?.descriptor ?? 2, ioLoop: loop, workerLoop: workerLoop,
        logger: logger
      ) { [weak self] reason in
        self?.onLoop { $0.leaveAfterLoss(.pythonDied(reason)) }
      })
    self.python.withLock { $0 = python }
    return python
  }

  private func captureOutput() throws(EngineRunError) {
    let capture = try OutputCapture<Bytes>(configuration.capturedDescriptors, echo: configuration.echoOutput)
    self.capture = capture
    for pipe in capture.pipes {
      sources.append(
        loop.onReadable(fileDescriptor: pipe) { [sender] in sender.publishOutput(of: capture) })
    }
  }

  func startHeart(_ heart: Heart, _ registration: RegistrationReply) async throws {
    guard let context else { return }
    let connection = configuration.connection
    try await heart.start(
      context,
      endpoints: (try connection.endpoint(.heartbeatPing), try connection.endpoint(.heartbeatPong)),
      options: options, period: registration.heartbeatPeriod, misses: configuration.maxHeartbeatMisses)
  }
}
