/// The worker's source code, which is in the folder `worker` and embedded in the binary.
enum PythonSources {
  /// What the interpreter runs: it takes the modules from the socket and starts them.
  static let bootstrap = text(PackageResources.bootstrap_py)

  /// The modules by name.
  static let modules: [String: String] = Dictionary(
    uniqueKeysWithValues: files.map { name, bytes in
      (name.isEmpty ? "martlet_worker" : "martlet_worker.\(name)", text(bytes))
    })

  private static let files: [(name: String, bytes: [UInt8])] = [
    ("", PackageResources.__init___py),
    ("background", PackageResources.background_py),
    ("calls", PackageResources.calls_py),
    ("cells", PackageResources.cells_py),
    ("channel", PackageResources.channel_py),
    ("comms", PackageResources.comms_py),
    ("compatibility", PackageResources.compatibility_py),
    ("console", PackageResources.console_py),
    ("eventloop", PackageResources.eventloop_py),
    ("interrupts", PackageResources.interrupts_py),
    ("kernel", PackageResources.kernel_py),
    ("lazy", PackageResources.lazy_py),
    ("main", PackageResources.main_py),
    ("names", PackageResources.names_py),
    ("process", PackageResources.process_py),
    ("publishing", PackageResources.publishing_py),
    ("queries", PackageResources.queries_py),
    ("shell", PackageResources.shell_py),
    ("startup", PackageResources.startup_py),
    ("streams", PackageResources.streams_py),
    ("tasks", PackageResources.tasks_py),
  ]

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
