/// The short options of a role and the traits they set.
struct CommandLineSyntax: Sendable {
  /// Options with a value: `--ip=…` sets `IPController.ip`.
  var aliases: [String: String]
  /// Options without a value: `--reuse` sets `IPController.reuse_files` to `True`.
  var flags: [String: [String: String]]

  /// The options whose values add up when they are given several times, as if they were one with commas.
  static let repeatable: Set = ["IPEngine.resources", "Cluster.resources"]

  /// The options that all roles share.
  static let common = CommandLineSyntax(
    aliases: [
      "profile": "BaseIPythonApplication.profile", "profile-dir": "ProfileDir.location",
      "ipython-dir": "BaseIPythonApplication.ipython_dir", "log-level": "Application.log_level",
      "config": "BaseIPythonApplication.extra_config_file", "work-dir": "BaseParallelApplication.work_dir",
      "log-to-file": "BaseParallelApplication.log_to_file", "clean-logs": "BaseParallelApplication.clean_logs",
      "log-url": "BaseParallelApplication.log_url", "cluster-id": "BaseParallelApplication.cluster_id",
    ],
    flags: [
      "debug": ["Application.log_level": "10"], "quiet": ["Application.log_level": "50"],
      "init": ["BaseIPythonApplication.auto_create": "True"],
      "log-to-file": ["BaseParallelApplication.log_to_file": "True"],
      "show-config": ["Application.show_config": "True"], "show-config-json": ["Application.show_config_json": "True"],
      "generate-config": ["Application.generate_config": "True"],
      "overwrite": ["BaseIPythonApplication.overwrite": "True"],
    ])

  private static let session = CommandLineSyntax(
    aliases: ["ident": "Session.session", "user": "Session.username", "keyfile": "Session.keyfile"],
    flags: ["secure": ["Session.secure": "True"], "no-secure": ["Session.key": ""]])

  /// The controller's options.
  static let controller = common.adding(session).adding(
    CommandLineSyntax(
      aliases: [
        "ssh": "IPController.ssh_server", "enginessh": "IPController.engine_ssh_server",
        "location": "IPController.location", "ip": "IPController.ip", "transport": "IPController.transport",
        "port": "IPController.regport", "ports": "IPController.ports", "engine-ports": "IPController.engine_ports",
        "client-ports": "IPController.client_ports", "ping": "HeartMonitor.period",
        "scheme": "TaskScheduler.scheme_name", "hwm": "TaskScheduler.hwm",
        "max-message-size": "IPController.max_message_size", "python": "IPController.python",
      ],
      flags: [
        "usethreads": ["IPController.use_threads": "True"], "sqlitedb": ["IPController.db_class": "SQLiteDB"],
        "mongodb": ["IPController.db_class": "MongoDB"], "dictdb": ["IPController.db_class": "DictDB"],
        "nodb": ["IPController.db_class": "NoDB"], "reuse": ["IPController.reuse_files": "True"],
        "restore": ["IPController.restore_engines": "True", "IPController.reuse_files": "True"],
        "enable-curve": ["IPController.enable_curve": "True"], "no-curve": ["IPController.enable_curve": "False"],
        "no-python": ["IPController.allow_python": "False"],
        "journal": ["IPController.journal": "True"], "no-journal": ["IPController.journal": "False"],
        "new-journal": ["IPController.new_journal": "True"], "new-host": ["IPController.new_host": "True"],
      ]))

  /// An engine's options.
  static let engine = common.adding(session).adding(
    CommandLineSyntax(
      aliases: [
        "file": "IPEngine.url_file", "c": "IPEngine.startup_command", "s": "IPEngine.startup_script",
        "url": "IPEngine.registration_url", "ssh": "IPEngine.sshserver", "sshkey": "IPEngine.sshkey",
        "location": "IPEngine.location", "timeout": "IPEngine.timeout", "id": "IPEngine.id",
        "python": "IPEngine.python", "python-start": "IPEngine.python_start", "resource": "IPEngine.resources",
        "on-controller-lost": "IPEngine.on_controller_lost", "reconnect-timeout": "IPEngine.reconnect_timeout",
        "grace": "IPEngine.grace", "max-tasks": "IPEngine.max_tasks", "idle-time": "IPEngine.idle_time",
        "time-limit": "IPEngine.time_limit", "max-memory": "IPEngine.max_memory",
      ],
      flags: ["mpi": ["IPEngine.use_mpi": "True"], "no-python": ["IPEngine.allow_python": "False"]]))

  /// The options of `ipcluster`.
  static let cluster = common.adding(
    CommandLineSyntax(
      aliases: [
        "n": "Cluster.n", "engines": "Cluster.engine_launcher_class", "controller": "Cluster.controller_launcher_class",
        "delay": "Cluster.delay", "ip": "Cluster.controller_ip", "location": "Cluster.controller_location",
        "signal": "IPClusterStop.signal", "o": "IPClusterList.output_format", "program": "Cluster.program",
        "transport": "Cluster.controller_transport", "python": "Cluster.python",
        "python-start": "Cluster.python_start", "resource": "Cluster.resources", "min": "Cluster.min_engines",
        "max": "Cluster.max_engines", "idle": "Cluster.engine_idle_time",
      ],
      flags: [
        "daemonize": ["IPClusterEngines.daemonize": "True"], "force": ["IPClusterClean.force": "True"],
        "all": ["IPClusterStop.all_cluster_ids": "True"], "no-python": ["Cluster.allow_python": "False"],
        "restart-engines": ["Cluster.restart_engines": "True"], "journal": ["Cluster.journal": "True"],
        "no-journal": ["Cluster.journal": "False"], "no-curve": ["Cluster.enable_curve": "False"],
        "dry-run": ["Cluster.dry_run": "True"],
      ]))

  private func adding(_ other: CommandLineSyntax) -> CommandLineSyntax {
    CommandLineSyntax(
      aliases: aliases.merging(other.aliases) { $1 }, flags: flags.merging(other.flags) { $1 })
  }
}
