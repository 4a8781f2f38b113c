import MartletWire

extension ClusterConfiguration {
  /// What starting the cluster would run, as commands for a shell and scripts, in their order. Nothing is started.
  ///
  /// - Throws: ``OptionError`` for options that can't be used.
  public func plan() throws(OptionError) -> String {
    let options = try ControllerOptions.read(controllerOptions).options
    let arguments = controllerArguments(
      socketAddress: "FOLDER", hasOwnNetwork: options.network != .init() || options.reuseFiles)
    let controller = try controllerLaunch(
      arguments + restartArguments(isFirst: true), label: "PID", sockets: nil, replacesFiles: !options.reuseFiles)
    let place = controllerLauncher == .local ? "" : ", \(controllerLauncher.name)"
    var parts = ["# the controller\(place)\n\(controller.text)"]
    for (number, group) in engines.enumerated() {
      let context = launchContext(set: "SET\(engines.count > 1 ? "\(number + 1)" : "")")
      for place in 0..<group.launchCount {
        let launch = try group.launch(place, in: context)
        parts.append("# \(launch.uuids.count.counted("engine")), \(group.launcher.name)\n\(launch.text)")
      }
    }
    return parts.joined(separator: "\n\n")
  }
}
