import Foundation
import MartletEngine

extension ControllerOptions: RoleReading {
  static var kind: RoleKind { .controller }

  /// Reads the options of a controller.
  ///
  /// - Parameters:
  ///   - arguments: the command line without the program's name.
  ///   - environment: of the process.
  /// - Returns: the options, and warnings about what was not understood.
  /// - Throws: ``OptionError`` for a value that can't be used.
  public static func read(
    _ arguments: [String], environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(OptionError) -> (options: ControllerOptions, warnings: [String]) {
    try RoleOptions.read(arguments, environment: environment)
  }

  init(_ role: inout RoleOptions) throws(OptionError) {
    self.init(application: role.application, environment: role.environment)
    let classes = Self.kind.classes
    try network.read(&role.reader, classes)
    try security.read(&role.reader, classes)
    try scheduler.read(&role.reader, classes)
    try heartbeat.read(&role.reader, classes)
    try store.read(&role.reader, classes)
    try python.read(&role.reader, classes)
    try role.reader.read(&restoreEngines, "restore_engines", of: classes, as: .bool)
    if restoreEngines { reuseFiles = true }
    try role.reader.read(&reuseFiles, "reuse_files", of: classes, as: .bool)
    try role.reader.read(&journal, "journal", of: classes, as: .bool)
    try role.reader.read(&newJournal, "new_journal", of: classes, as: .bool)
    try role.reader.read(&mayHaveMoved, "new_host", of: classes, as: .bool)
  }
}

extension ControllerOptions.Python {
  fileprivate mutating func read(_ reader: inout OptionReader, _ classes: [String]) throws(OptionError) {
    var interpreter: String?
    try reader.readNonEmpty(&interpreter, "python", of: classes)
    if let interpreter { interpreters = [PythonConfiguration.absolute(interpreter)] }
    try reader.read(&isAllowed, "allow_python", of: classes, as: .bool)
  }
}

extension ControllerOptions.Network {
  fileprivate mutating func read(_ reader: inout OptionReader, _ classes: [String]) throws(OptionError) {
    var transport: String?
    try reader.read(&transport, "transport", of: classes, as: .text)
    if let transport { (engineTransport, clientTransport) = (transport, transport) }
    try reader.read(&engineTransport, "engine_transport", of: classes, as: .text)
    try reader.read(&clientTransport, "client_transport", of: classes, as: .text)
    for transport in [engineTransport, clientTransport] where !["tcp", "ipc"].contains(transport) {
      throw OptionError("--transport should be tcp or ipc, not \(transport)")
    }
    var address: String?
    try reader.read(&address, "ip", of: classes, as: .text)
    if let address { (engineAddress, clientAddress) = (address, address) }
    try reader.read(&engineAddress, "engine_ip", of: classes, as: .text)
    try reader.read(&clientAddress, "client_ip", of: classes, as: .text)
    try reader.read(&location, "location", of: classes, as: .text)
    try reader.read(&ports, "ports", of: classes, as: .ports)
    try reader.read(&enginePorts, "engine_ports", of: classes, as: .ports)
    // What --port set before there were pools: the port of the engines' first socket, the registration.
    var registrationPort = 0
    try reader.read(&registrationPort, "regport", of: classes, as: .int(in: 0...0xFFFF))
    if registrationPort > 0 { enginePorts.append(registrationPort) }
    try reader.read(&clientPorts, "client_ports", of: classes, as: .ports)
    // Martlet's own.
    try reader.read(&maxMessageSize, "max_message_size", of: classes, as: .int)
    try reader.read(&sshServer, "ssh_server", of: classes, as: .text)
    try reader.read(&engineSSHServer, "engine_ssh_server", of: classes, as: .text)
  }
}

extension ControllerOptions.Security {
  fileprivate mutating func read(_ reader: inout OptionReader, _ classes: [String]) throws(OptionError) {
    try reader.read(&enableCurve, "enable_curve", of: classes, as: .bool)
    try reader.readNonEmpty(&curvePublicKey, "curve_publickey", of: classes)
    try reader.readNonEmpty(&curveSecretKey, "curve_secretkey", of: classes)
    sessionKey = try SessionOptions.key(&reader)
    try reader.read(&signatureScheme, "signature_scheme", of: ["Session"], as: .text)
    try reader.read(&username, "username", of: ["Session"], as: .text)
  }
}

extension ControllerOptions.Scheduler {
  fileprivate mutating func read(_ reader: inout OptionReader, _ classes: [String]) throws(OptionError) {
    try reader.read(&scheme, "scheme_name", of: ["TaskScheduler"], as: .text)
    guard Self.schemes.contains(scheme) else {
      throw OptionError("--scheme should be one of \(Self.schemes.joined(separator: ", ")), not \(scheme)")
    }
    try reader.read(&highWaterMark, "hwm", of: ["TaskScheduler"], as: .int)
    try reader.read(&queueTasks, "queue_tasks", of: ["TaskScheduler"], as: .int)
    try reader.read(&queueBytes, "queue_bytes", of: ["TaskScheduler"], as: .int)
    try reader.read(&crashLimit, "crash_limit", of: ["TaskScheduler"], as: .int)
    try reader.read(&broadcastDepth, "broadcast_scheduler_depth", of: classes, as: .int(in: 0...10))
  }
}

extension ControllerOptions.Heartbeat {
  fileprivate mutating func read(_ reader: inout OptionReader, _ classes: [String]) throws(OptionError) {
    try reader.read(&period, "period", of: ["HeartMonitor"], as: .milliseconds)
    try reader.read(&maxMisses, "max_heartmonitor_misses", of: ["HeartMonitor"], as: .int(in: 1...Int.max))
    try reader.read(&registrationTimeout, "registration_timeout", of: classes + ["Hub"], as: .seconds)
    if registrationTimeout == .zero { registrationTimeout = nil }
  }
}

extension ControllerOptions.Store {
  fileprivate mutating func read(_ reader: inout OptionReader, _ classes: [String]) throws(OptionError) {
    var name = "DictDB"
    try reader.read(&name, "db_class", of: classes, as: .text)
    // A class with its module, or a short name in any case.
    let short = (name.split(separator: ".").last.map(String.init) ?? name).lowercased()
    guard let known = Kind(rawValue: short) else {
      let advice = short == "mongodb" ? "; a journal or SQLiteDB keeps tasks on disk" : ""
      throw OptionError("IPController.db_class should be DictDB, SQLiteDB or NoDB, not \(name)\(advice)")
    }
    kind = known
    try reader.read(&recordLimit, "record_limit", of: ["DictDB"], as: .int)
    try reader.read(&sizeLimit, "size_limit", of: ["DictDB"], as: .int)
    try reader.read(&cullFraction, "cull_fraction", of: ["DictDB"], as: .number(in: 0...1))
    try reader.read(&filename, "filename", of: ["SQLiteDB"], as: .text)
    var folder: String? = location
    try reader.readNonEmpty(&folder, "location", of: ["SQLiteDB"])
    location = folder ?? location
    try reader.read(&table, "table", of: ["SQLiteDB"], as: .text)
  }
}
