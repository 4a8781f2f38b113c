import Logging
import Testing

@testable import MartletCluster

@Suite struct ControllerOptionsTests {
  private func read(_ arguments: String..., environment: [String: String] = [:]) throws -> ControllerOptions {
    let (options, warnings) = try ControllerOptions.read(arguments, environment: environment)
    #expect(warnings == [])
    return options
  }

  @Test func hasTheOriginalsDefaults() throws {
    let options = try read()
    #expect(options.network == .init())
    #expect(options.scheduler == .init())
    #expect(options.store.kind == .memory)
    #expect(options.heartbeat.period == .seconds(3))
    #expect(options.security.sessionKey == nil)
    #expect(options.application.logLevel == .info)
    #expect(!options.reuseFiles)
  }

  @Test func readsNetwork() throws {
    let network = try read(
      "--ip=*", "--transport=tcp", "--IPController.engine_ip=10.0.0.1", "--ports=10101-10103,10200", "--engine-ports",
      "[1, 2]", "--client-ports=7", "--location=here", "--ssh=me@there", "--enginessh=x", "--port=99",
      "--max-message-size=1000"
    ).network
    #expect(network.clientAddress == "*" && network.engineAddress == "10.0.0.1")
    #expect(network.ports == [10101, 10102, 10103, 10200])
    #expect(network.enginePorts == [1, 2, 99] && network.clientPorts == [7])
    #expect(network.maxMessageSize == 1000)
    #expect(try read().network.maxMessageSize == nil)
    #expect(network.location == "here" && network.sshServer == "me@there" && network.engineSSHServer == "x")
  }

  @Test func readsSchedulerHeartbeatAndStore() throws {
    let options = try read(
      "--scheme=lru", "--hwm=0", "--IPController.broadcast_scheduler_depth=2", "--ping=500",
      "--HeartMonitor.max_heartmonitor_misses=3", "--IPController.registration_timeout=7", "--sqlitedb",
      "--SQLiteDB.filename=t.db", "--SQLiteDB.location=/data", "--SQLiteDB.table=x", "--DictDB.record_limit=5",
      "--DictDB.size_limit=6", "--DictDB.cull_fraction=0.5", "--TaskScheduler.queue_tasks=7",
      "--TaskScheduler.queue_bytes=0")
    #expect(options.scheduler.scheme == "lru" && options.scheduler.highWaterMark == 0)
    #expect(options.scheduler.broadcastDepth == 2)
    #expect(options.scheduler.queueTasks == 7 && options.scheduler.queueBytes == 0)
    #expect(options.heartbeat.period == .milliseconds(500) && options.heartbeat.maxMisses == 3)
    #expect(options.heartbeat.registrationTimeout == .seconds(7))
    #expect(options.store.kind == .sqlite && options.store.filename == "t.db" && options.store.location == "/data")
    #expect(options.store.table == "x" && options.store.recordLimit == 5 && options.store.sizeLimit == 6)
    #expect(options.store.cullFraction == 0.5)
  }

  @Test(arguments: [
    ("--nodb", ControllerOptions.Store.Kind.none), ("--dictdb", .memory),
    ("--IPController.db_class=ipyparallel.controller.sqlitedb.SQLiteDB", .sqlite),
    ("--IPController.db_class=NoDB", .none),
  ])
  func readsStoreKinds(argument: String, kind: ControllerOptions.Store.Kind) throws {
    #expect(try read(argument).store.kind == kind)
  }

  @Test func restoringReusesFiles() throws {
    #expect(try read("--restore").reuseFiles)
    #expect(try read("--reuse").reuseFiles)
    #expect(try read("--IPController.restore_engines=True").reuseFiles)
  }

  @Test func curveIsLeftToTheControllerUnlessChosen() throws {
    #expect(try read().security.enableCurve == nil)
    #expect(try read("--enable-curve").security.enableCurve == true)
    #expect(try read("--no-curve").security.enableCurve == false)
    #expect(
      try read("--IPController.enable_curve=False", environment: ["IPP_ENABLE_CURVE": "1"]).security.enableCurve
        == false)
    #expect(try read("--no-secure").security.sessionKey == "")
    #expect(try read("--enable-curve", "--Session.key=b'k'").security.sessionKey == "k")
    let security = try read(
      environment: ["IPP_ENABLE_CURVE": "1", "IPP_CURVE_PUBLICKEY": "p", "IPP_CURVE_SECRETKEY": "s"]
    ).security
    #expect(security.enableCurve == true && security.curvePublicKey == "p" && security.curveSecretKey == "s")
  }

  @Test func saysWhatHasNoEffect() throws {
    let (_, warnings) = try ControllerOptions.read(
      ["--usethreads", "--init", "--IPController.monitor_ip=x", "--ident=a", "--user=me"], environment: [:])
    #expect(
      warnings == [
        "BaseIPythonApplication.auto_create in the command line has no effect: what starts a controller makes the profile in "
          + "any case",
        "IPController.monitor_ip in the command line has no effect: hub and schedulers are one process, without sockets "
          + "between them",
        "IPController.use_threads in the command line has no effect: the schedulers are threads of the controller's process in "
          + "any case",
        "Session.session in the command line has no effect: each process makes one for itself",
      ])
  }

  @Test func warnsAboutTheUnknown() throws {
    let (_, warnings) = try ControllerOptions.read(
      ["--foo=1", "--Nobody.knows=2", "--log-url=tcp://x:1"], environment: [:])
    #expect(
      warnings == [
        "BaseParallelApplication.log_url in the command line has no effect: logs go to standard error, or with --log-to-file "
          + "to the profile",
        "unknown option --foo=1, it has no effect",
        "unknown option Nobody.knows in the command line, it has no effect",
      ])
  }

  @Test(arguments: [
    "--hwm=x", "--hwm=-1", "--TaskScheduler.queue_tasks=-1", "--TaskScheduler.queue_bytes=x", "--scheme=best",
    "--transport=udp", "--ports=0", "--ports=5-1", "--ports=70000", "--ports=[1,'a']", "--reuse=maybe", "--ping=0",
    "--mongodb", "--log-level=LOUD", "--DictDB.cull_fraction=2",
    "--DictDB.cull_fraction=nan", "--cluster-id=../x", "--config=/no/such/file", "--keyfile=/no/such/file",
    "--IPController.broadcast_scheduler_depth=99",
  ])
  func refusesBadValues(argument: String) {
    #expect(throws: OptionError.self) { try ControllerOptions.read([argument], environment: [:]) }
  }

  @Test(arguments: [
    ("10", Logger.Level.debug), ("DEBUG", .debug), ("info", .info), ("15", .info), ("WARN", .warning),
    ("30", .warning), ("ERROR", .error), ("50", .critical), ("0", .trace),
  ])
  func readsLogLevels(text: String, level: Logger.Level) throws {
    #expect(try read("--log-level=\(text)").application.logLevel == level)
  }

  @Test(arguments: [["stray"], ["--hwm=1", "stray"], ["--", "stray"]])
  func refusesStrayArguments(arguments: [String]) {
    #expect(throws: OptionError("Unexpected argument 'stray'")) {
      try ControllerOptions.read(arguments, environment: [:])
    }
    #expect(throws: OptionError.self) { try EngineOptions.read(["stray"], environment: [:]) }
  }

  @Test func debugAndQuietSetTheLevel() throws {
    #expect(try read("--debug").application.logLevel == .debug)
    #expect(try read("--quiet").application.logLevel == .critical)
  }

  @Test func findsAPythonForDask() throws {
    func interpreters(_ arguments: [String], _ environment: [String: String]) throws -> [String] {
      try ControllerOptions.read(arguments, environment: environment).options.python.interpreters
    }
    #expect(try interpreters([], [:]) == ["python3"])
    #expect(
      try interpreters([], ["VIRTUAL_ENV": "/v", "CONDA_PREFIX": "/c"]) == [
        "/v/bin/python", "/c/bin/python", "python3",
      ])
    #expect(try interpreters([], ["VIRTUAL_ENV": "/v", "MARTLET_PYTHON": "/m"]) == ["/m"])
    #expect(try interpreters(["--python=/p"], ["MARTLET_PYTHON": "/m"]) == ["/p"])
    #expect(try ControllerOptions.read([], environment: [:]).options.python.isAllowed)
    #expect(try !ControllerOptions.read(["--no-python"], environment: [:]).options.python.isAllowed)
  }
}
