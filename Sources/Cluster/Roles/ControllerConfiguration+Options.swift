import MartletController
import MartletWire
import MartletZeroMQ

extension ControllerConfiguration {
  /// The configuration that the options describe.
  ///
  /// - Throws: ``OptionError`` for unusable CURVE keys.
  public init(_ options: ControllerOptions) throws(OptionError) {
    self.init()
    let application = options.application
    clients = Interface(transport: options.network.clientTransport, ip: options.network.clientAddress)
    engines = Interface(transport: options.network.engineTransport, ip: options.network.engineAddress)
    ports = options.network.ports
    clientPorts = options.network.clientPorts
    enginePorts = options.network.enginePorts
    if let location = options.network.location { self.location = location }
    if let size = options.network.maxMessageSize { maxMessageSize = size > 0 ? size : nil }
    ssh = options.network.sshServer
    engineSSH = options.network.engineSSHServer
    key = options.security.sessionKey
    signatureScheme = options.security.signatureScheme
    usesCurve = options.security.enableCurve
    if usesCurve != false { curve = try Self.curveKeys(options.security) }
    scheme = SchedulingScheme(rawValue: options.scheduler.scheme) ?? scheme
    hwm = options.scheduler.highWaterMark
    queueLimit = QueueLimit(
      tasks: options.scheduler.queueTasks ?? queueLimit.tasks, bytes: options.scheduler.queueBytes ?? queueLimit.bytes)
    crashLimit = options.scheduler.crashLimit ?? crashLimit
    broadcastDepth = options.scheduler.broadcastDepth
    heartbeat.period = options.heartbeat.period
    heartbeat.maxMisses = options.heartbeat.maxMisses
    registrationTimeout = options.heartbeat.registrationTimeout
    switch options.store.kind {
    case .memory: store.kind = .memory
    case .sqlite: store.kind = .sqlite
    case .none: store.kind = .none
    }
    store.recordLimit = options.store.recordLimit
    if let size = options.store.sizeLimit { store.sizeLimit = size }
    store.cullFraction = options.store.cullFraction
    store.filename = options.store.filename
    store.location = options.store.location
    store.table = options.store.table
    dask.interpreters = options.python.interpreters
    dask.isAllowed = options.python.isAllowed
    reusesFiles = options.reuseFiles
    restoresEngines = options.restoreEngines
    mayHaveMoved = options.mayHaveMoved
    let profile = application.profile
    clientFile = ConnectionFile(.client, profileDirectory: profile.path, clusterID: application.clusterID)
    engineFile = ConnectionFile(.engine, profileDirectory: profile.path, clusterID: application.clusterID)
    let files = ClusterFiles(clusterID: application.clusterID, profile: profile)
    curveFile = files.curveKeys
    authorizedKeysFolder = files.authorizedKeys.folder
    if options.journal {
      journalFile = files.journal
      startsNewJournal = options.newJournal
    }
    engineStateFile = "\(profile.log)/engines\(application.clusterID).json"
  }

  private static func curveKeys(_ security: ControllerOptions.Security) throws(OptionError) -> CurveKeyPair? {
    guard let secretKey = security.curveSecretKey else { return nil }
    do {
      let keys = try CurveKeyPair(secretKey: secretKey)
      guard security.curvePublicKey ?? keys.publicKey == keys.publicKey else {
        throw OptionError("the CURVE keys are unusable: the public key is not that of the secret key")
      }
      return keys
    } catch let error as OptionError {
      throw error
    } catch {
      throw OptionError("the CURVE keys are unusable: \(error)")
    }
  }
}
