import MartletZeroMQ

/// What the environment tells a role and nobody else.
enum RoleEnvironment {
  /// Variables with keys, or with a name that only one process may have.
  private static let variables = [
    "IPP_CONNECTION_INFO", "IPP_SESSION_KEY", "IPP_CURVE_SECRETKEY", "IPP_CURVE_SERVERKEY", EngineOptions.uuidVariable,
    EngineOptions.setUUIDVariable, AllocationTime.variable,
  ]

  /// Removes them once they have been read: an engine's Python and whatever code starts there would inherit them.
  static func erase() {
    for name in variables { ProcessEnvironment.erase(name) }
  }
}
