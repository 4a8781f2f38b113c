import MartletWire

extension LauncherOptions {
  /// Reads a launcher's options from a cluster file.
  ///
  /// - Parameters:
  ///   - launcher: names it; `nil` for processes of this machine.
  ///   - entries: its options.
  ///   - line: where what it starts is described.
  /// - Throws: ``OptionError`` that names the file, the line and the key.
  init(
    _ role: Role, _ launcher: YAMLFile.Entry?, _ entries: [YAMLFile.Entry], line: Int, in file: YAMLFile
  ) throws(OptionError) {
    let name = try launcher.map { entry throws(OptionError) in try file.text(entry) } ?? "local"
    let kind: LauncherSpec.Kind
    do throws(OptionError) {
      kind = try LauncherSpec(name, option: "launcher").kind
    } catch {
      throw OptionError("\(file.place(of: launcher?.line ?? 1)): \(error)")
    }
    var reader = OptionReader(layers: try Self.layers(role, entries, launcher: name, kind, in: file))
    do throws(OptionError) {
      try self.init(&reader, ["Cluster"], role: role)
    } catch {
      throw OptionError("\(file.place(of: line)): \(error)")
    }
    if let unread = reader.unread.first {
      let key = unread.prefix { $0 != " " }.split(separator: ".").last ?? ""
      let line = entries.first { $0.key == key }?.line ?? line
      throw OptionError("\(file.place(of: line)): '\(key)' is not an option of the launcher \(kind.rawValue)")
    }
  }

  /// The options as those of ipyparallel's class.
  private static func layers(
    _ role: Role, _ entries: [YAMLFile.Entry], launcher: String, _ kind: LauncherSpec.Kind, in file: YAMLFile
  ) throws(OptionError) -> [ConfigLayer] {
    var first = ConfigLayer(origin: file.path)
    first.set("Cluster.\(role == .engines ? "engine" : "controller")_launcher_class", .text(launcher))
    var layers = [first]
    for entry in entries {
      var layer = ConfigLayer(origin: file.place(of: entry.line))
      // ipyparallel's names of these options are less plain.
      let trait =
        switch (kind, entry.key) {
        case (.ssh, "hosts") where role == .engines: "engines"
        case (.ssh, "host") where role == .controller: "hostname"
        default: entry.key
        }
      layer.set("\(kind.className)\(role.classEnding).\(trait)", .literal(try file.value(entry)))
      layers.append(layer)
    }
    return layers
  }
}

extension LauncherSpec.Kind {
  /// What the names of ipyparallel's classes begin with.
  fileprivate var className: String {
    switch self {
    case .local: "Local"
    case .ssh, .mpi: rawValue.uppercased()
    case .docker: "Docker"
    case .slurm, .pbs, .sge, .lsf, .htcondor: batchSystem?.className ?? ""
    }
  }
}
