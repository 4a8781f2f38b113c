import Foundation

extension ControllerOptions {
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
    var role = try RoleOptions(.controller, arguments: arguments, environment: environment)
    var options = ControllerOptions(application: role.application)
    let classes = RoleKind.controller.classes
    try options.network.read(&role.reader, classes)
    try options.security.read(&role.reader, classes, environment: environment)
    try options.scheduler.read(&role.reader, classes)
    try options.heartbeat.read(&role.reader, classes)
    try options.store.read(&role.reader, classes)
    options.restoreEngines = try role.reader.bool("restore_engines", classes) ?? false
    options.reuseFiles = try role.reader.bool("reuse_files", classes) ?? options.restoreEngines
    role.reader.accept(["use_threads", "monitor_ip", "monitor_transport"], classes)
    return (options, role.allWarnings)
  }
}

extension ControllerOptions.Network {
  fileprivate mutating func read(_ reader: inout OptionReader, _ classes: [String]) throws(OptionError) {
    let transport = try reader.string("transport", classes)
    engineTransport = try reader.string("engine_transport", classes) ?? transport ?? engineTransport
    clientTransport = try reader.string("client_transport", classes) ?? transport ?? clientTransport
    for transport in [engineTransport, clientTransport] where !["tcp", "ipc"].contains(transport) {
      throw OptionError("--transport should be tcp or ipc, not \(transport)")
    }
    let address = try reader.string("ip", classes)
    engineAddress = try reader.string("engine_ip", classes) ?? address ?? engineAddress
    clientAddress = try reader.string("client_ip", classes) ?? address ?? clientAddress
    location = try reader.string("location", classes)
    ports = try reader.ports("ports", classes) ?? []
    enginePorts = try reader.ports("engine_ports", classes) ?? []
    // What --port set before there were pools: engines' first socket, the registration.
    if let port = try reader.int("regport", classes, in: 0...0xFFFF), port > 0 { enginePorts.append(port) }
    clientPorts = try reader.ports("client_ports", classes) ?? []
    // Martlet's own.
    if let limit = try reader.int("max_message_size", classes, in: 0...Int.max), limit > 0 { maxMessageSize = limit }
    sshServer = try reader.string("ssh_server", classes) ?? ""
    engineSSHServer = try reader.string("engine_ssh_server", classes) ?? ""
  }
}

extension ControllerOptions.Security {
  fileprivate mutating func read(
    _ reader: inout OptionReader, _ classes: [String], environment: [String: String]
  ) throws(OptionError) {
    enableCurve = try reader.bool("enable_curve", classes) ?? (environment["IPP_ENABLE_CURVE"] == "1")
    curvePublicKey = try reader.string("curve_publickey", classes) ?? environment["IPP_CURVE_PUBLICKEY"]
    curveSecretKey = try reader.string("curve_secretkey", classes) ?? environment["IPP_CURVE_SECRETKEY"]
    if curvePublicKey?.isEmpty ?? false { curvePublicKey = nil }
    if curveSecretKey?.isEmpty ?? false { curveSecretKey = nil }
    sessionKey = try SessionOptions.key(&reader)
    if sessionKey == nil, enableCurve { sessionKey = "" }
    signatureScheme = try reader.string("signature_scheme", ["Session"]) ?? signatureScheme
    username = try reader.string("username", ["Session"])
  }
}

extension ControllerOptions.Scheduler {
  fileprivate mutating func read(_ reader: inout OptionReader, _ classes: [String]) throws(OptionError) {
    scheme = try reader.string("scheme_name", ["TaskScheduler"]) ?? scheme
    guard Self.schemes.contains(scheme) else {
      throw OptionError("--scheme should be one of \(Self.schemes.joined(separator: ", ")), not \(scheme)")
    }
    highWaterMark = try reader.int("hwm", ["TaskScheduler"]) ?? highWaterMark
    queueTasks = try reader.int("queue_tasks", ["TaskScheduler"], in: 0...Int.max)
    queueBytes = try reader.int("queue_bytes", ["TaskScheduler"], in: 0...Int.max)
    broadcastDepth = try reader.int("broadcast_scheduler_depth", classes, in: 0...10) ?? broadcastDepth
  }
}

extension ControllerOptions.Heartbeat {
  fileprivate mutating func read(_ reader: inout OptionReader, _ classes: [String]) throws(OptionError) {
    if let milliseconds = try reader.int("period", ["HeartMonitor"], in: 1...86_400_000) {
      period = .milliseconds(milliseconds)
    }
    maxMisses = try reader.int("max_heartmonitor_misses", ["HeartMonitor"], in: 1...Int.max) ?? maxMisses
    if let seconds = try reader.int("registration_timeout", classes + ["Hub"], in: 0...86_400), seconds > 0 {
      registrationTimeout = .seconds(seconds)
    }
    reader.accept(["debug"], ["HeartMonitor"])
  }
}

extension ControllerOptions.Store {
  fileprivate mutating func read(_ reader: inout OptionReader, _ classes: [String]) throws(OptionError) {
    if let name = try reader.string("db_class", classes) {
      // A class by its module, or a short name in any case.
      let short = (name.split(separator: ".").last.map(String.init) ?? name).lowercased()
      guard let known = Kind(rawValue: short) else {
        throw OptionError("IPController.db_class should be DictDB, SQLiteDB or NoDB, not \(name)")
      }
      kind = known
    }
    recordLimit = try reader.int("record_limit", ["DictDB"]) ?? recordLimit
    sizeLimit = try reader.int("size_limit", ["DictDB"]) ?? sizeLimit
    cullFraction = try reader.double("cull_fraction", ["DictDB"]) ?? cullFraction
    guard cullFraction <= 1 else {
      throw OptionError("DictDB.cull_fraction should be from 0 to 1, not \(cullFraction)")
    }
    filename = try reader.string("filename", ["SQLiteDB"]) ?? filename
    if let folder = try reader.string("location", ["SQLiteDB"]), !folder.isEmpty { location = folder }
    table = try reader.string("table", ["SQLiteDB"]) ?? table
  }
}

/// The options of the class `Session`.
enum SessionOptions {
  /// The key that was asked for: a text, a file's content, a new one (`--secure`), or `nil` for whatever is the default.
  static func key(_ reader: inout OptionReader) throws(OptionError) -> String? {
    reader.accept(["session", "packer", "unpacker", "debug", "check_pid", "digest_history_size"], ["Session"])
    let fresh = try reader.bool("secure", ["Session"]) ?? false
    let file = try reader.string("keyfile", ["Session"])
    if let key = try reader.string("key", ["Session"]) { return key }
    if fresh { return nil }
    guard let file, !file.isEmpty else { return nil }
    guard let data = FileManager.default.contents(atPath: file) else {
      throw OptionError("Session.keyfile: \(file) can't be read")
    }
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
