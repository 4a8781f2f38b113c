import MartletCluster

extension OptionError {
  /// The error for a command about a profile that isn't there.
  ///
  /// - Parameter command: the command that makes it.
  static func noProfile(_ profile: ProfileDirectory, _ command: String) -> OptionError {
    let isNamed = profile.name != profile.path
    let option = isNamed ? ["--profile", profile.name] : ["--profile-dir", profile.path]
    return OptionError(
      "there is no profile \(profile.name): see martlet profile list, or make it with "
        + "\((["martlet", command] + option).joined(separator: " "))")
  }

  /// Refuses options that are passed on to a role which doesn't know them: there, the complaint would be in a log.
  ///
  /// - Parameter read: reads options, and gives warnings about what was not understood.
  static func refuseUnknown(_ arguments: [String], of role: String, _ read: ([String]) throws -> [String]) throws {
    guard !arguments.isEmpty else { return }
    // Files and the environment cause warnings of their own.
    let known = Set(try read([]))
    guard let unknown = try read(arguments).first(where: { !known.contains($0) }) else { return }
    throw OptionError("after --: \(unknown); martlet \(role) --help lists the options")
  }
}
